"""Figures of how far a score can be trusted: calibration, abstention, and the bias of mean scores toward long labels.

Drawn from what gencls/calibration.py and gencls/length_bias.py measure. Series have the colours of `svg.series_colours`; their legend is
part of the page.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from gencls.calibration import Bin, OperatingPoint, RiskCoverage
from gencls.length_bias import LengthShare
from gencls.report.charts import BARE, CURVE_POINTS, SILENT
from gencls.report.svg import COLOURS, INK, SOFT, Spec, colour_of, draw
from gencls.report.words import count, interval, percent

SIDE = 220
"""Pixels of a square figure."""
TWO_LINES = "split(datum.value, ' ')"
"""Vega expression: a label's words, one below the other."""


def reliability(bins: Sequence[Bin], title: str) -> Markup:
    """Accuracy of each bin, with its interval, against its mean confidence; the diagonal is a calibrated model; below, the rows per bin.

    One figure per set of probabilities: before the temperature, after it. An empty bin shows nothing.
    """
    x, y = _percent("confidence", high=1, grid=False), _percent("accuracy", high=1)
    here = {"x": x | {"field": "confidence"}, "description": {"field": "tip"}}
    ends = {"x": x | {"datum": 0}, "x2": {"datum": 1}, "y": y | {"datum": 0}, "y2": {"datum": 1}}
    bounds = {"y": y | {"field": "bottom"}, "y2": {"field": "top"}}
    above: list[Spec] = [
        {"mark": SILENT | {"type": "rule", "strokeDash": [3, 3]}, "encoding": ends},
        {"mark": SILENT | {"type": "rule", "strokeWidth": 2, "color": COLOURS[0], "opacity": 0.5}, "encoding": here | bounds},
        {"mark": {"type": "point", "filled": True, "size": 45, "opacity": 1}, "encoding": here | {"y": y | {"field": "accuracy"}}},
    ]
    spec: Spec = {
        "data": {"values": [_bin_row(part) for part in bins if part["rows"]]},
        "spacing": 20,
        "vconcat": [{"width": SIDE, "height": SIDE, "layer": above}, {"width": SIDE, "height": 36, "layer": _counts(x, len(bins))}],
    }
    return draw(spec, title)


def _counts(x: Spec, bins: int) -> list[Spec]:
    """A bar per bin with its number of rows above it, upright because a bin is narrow."""
    silent = BARE | {"values": [], "minExtent": 30}
    rows = {"field": "rows", "type": "quantitative", "title": "rows", "scale": {"nice": False}, "axis": silent}
    bar = {"type": "rect", "color": COLOURS[0], "opacity": 0.5, "xOffset": 0.5, "x2Offset": -0.5}
    number = SILENT | {"type": "text", "angle": 270, "align": "left", "dx": 3, "fontSize": min(8.5, SIDE / bins)}
    across = {"x": x | {"field": "low", "axis": None}, "x2": {"field": "high"}, "description": {"field": "tip"}}
    return [
        {"mark": bar, "encoding": across | {"y": rows, "y2": {"datum": 0}}},
        {"mark": number, "encoding": {"x": x | {"field": "middle", "axis": None}, "y": rows, "text": {"field": "rows"}}},
    ]


def _bin_row(part: Bin) -> Spec:
    assert part["ci"] is not None, "an empty bin has no point"
    right = f"{percent(part['accuracy'])} right {interval(part['ci'])}"
    tip = f"{count(part['rows'], 'row')} with a mean confidence of {percent(part['confidence'])}: {right}"
    middle = (part["low"] + part["high"]) / 2
    return {**part, "bottom": part["ci"][0], "top": part["ci"][1], "middle": middle, "tip": tip}


def risk_coverage(curves: Mapping[str, RiskCoverage], chosen: OperatingPoint | None) -> Markup:
    """Share of wrong answers against the share of rows answered, a line per series; the point is what a threshold gives on these rows."""
    values = [row for name, curve in curves.items() for row in _steps(name, curve.thinned(CURVE_POINTS))]
    x = _percent("rows answered", high=1, grid=False)
    y = _percent("wrong among them", high=max(0.05, *(row["risk"] for row in values)))
    lines: Spec = {
        "data": {"values": values},
        "mark": SILENT | {"type": "line", "strokeWidth": 1.8, "interpolate": "step-before"},
        "encoding": {"x": x | {"field": "coverage"}, "y": y | {"field": "risk"}, "color": colour_of(list(curves))},
    }
    layers = [lines]
    if chosen is not None and chosen["precision"] is not None:
        layers += _marked(chosen, x, y)
    return draw({"width": 1.3 * SIDE, "height": SIDE, "layer": layers}, "share of wrong answers against the share of rows answered")


def _steps(name: str, curve: RiskCoverage) -> list[Spec]:
    """A step keeps the risk of its right end, so the first one starts at a coverage of 0."""
    points = [(0.0, curve.risk[0]), *zip(curve.coverage, curve.risk, strict=True)]
    return [{"name": name, "coverage": float(coverage), "risk": float(risk)} for coverage, risk in points]


def _marked(chosen: OperatingPoint, x: Spec, y: Spec) -> list[Spec]:
    """The point of a threshold, a line at its coverage, and above the frame, clear of the curve, the threshold."""
    coverage, precision = chosen["coverage"], chosen["precision"]
    assert precision is not None
    words = f"confidence ≥ {percent(chosen['threshold'])}"
    tip = f"{words}: {percent(coverage)} of the rows are answered, {percent(precision)} of them right"
    data = {"data": {"values": [{"coverage": coverage, "risk": 1 - precision, "words": words, "tip": tip}]}}
    at = {"x": x | {"field": "coverage"}}
    here = at | {"y": y | {"field": "risk"}, "description": {"field": "tip"}}
    label = SILENT | {"type": "text", "align": "right" if coverage > 0.5 else "left"}
    return [
        data | {"mark": SILENT | {"type": "rule", "strokeDash": [3, 3]}, "encoding": at},
        data | {"mark": label, "encoding": at | {"y": {"value": -8}, "text": {"field": "words"}}},
        data | {"mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": INK}, "encoding": here},
    ]


def length_bias(table: Sequence[LengthShare]) -> Markup:
    """Per label length the share of gold labels (bar) and of each decoding's answers (points): points above their bar are a bias."""
    decodings, lengths = list(table[0]["predicted"]), [_length(part) for part in table]
    title = "tokens of the label (how many labels)"
    x = {"field": "length", "type": "nominal", "sort": lengths, "title": title, "axis": BARE | {"labelExpr": TWO_LINES, "labelAngle": 0}}
    y = _percent("rows", high=max(max(part["gold"], *part["predicted"].values()) for part in table))
    here = {"x": x, "y": y | {"field": "share"}, "description": {"field": "tip"}}
    beside = {"xOffset": {"field": "name", "type": "nominal", "sort": decodings}, "color": colour_of(decodings)}
    step = 46 if len(table) <= 12 else 30
    gold = [_share(part, "gold label", part["gold"]) for part in table]
    answers = [_share(part, name, share) for part in table for name, share in part["predicted"].items()]
    bar = {"type": "bar", "width": round(0.86 * step), "color": SOFT, "opacity": 0.3}
    point = {"type": "point", "filled": True, "size": 45, "opacity": 1}
    layers: list[Spec] = [
        {"data": {"values": gold}, "mark": bar, "encoding": here},
        {"data": {"values": answers}, "mark": point, "encoding": here | beside},
    ]
    spec: Spec = {"width": {"step": step, "for": "position"}, "height": SIDE, "layer": layers}
    return draw(spec, "share of rows per label length, gold and predicted")


def _share(part: LengthShare, name: str, share: float) -> Spec:
    tip = f"{part['tokens']} tokens, {name}: {percent(share)} of the rows"
    return {"length": _length(part), "name": name, "share": share, "tip": tip}


def _length(part: LengthShare) -> str:
    return f"{part['tokens']} ({part['labels']})"


def _percent(title: str, *, high: float, grid: bool = True) -> Spec:
    """A quantitative axis from 0 to `high`, shares written in percent."""
    axis = {"tickCount": 5, "format": "~%", "grid": grid, "minExtent": 30 if grid else 0, "labelFlush": False}
    return {"type": "quantitative", "title": title, "scale": {"domain": [0, high], "nice": high < 1}, "axis": axis}
