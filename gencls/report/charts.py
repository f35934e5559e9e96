"""The figures of the report, each a Vega-Lite specification drawn by `svg.draw`.

Shades are opacities of one colour: they read on a light and on a dark page. No figure has more than one question.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from markupsafe import Markup

from gencls.metrics import Record
from gencls.report.grid import Row
from gencls.report.results import Arm
from gencls.report.svg import COLOURS, INK, LINE, SOFT, Spec, colour_of, draw, extent
from gencls.report.words import interval, percent
from gencls.selection import Cell

Measure = Literal["accuracy", "macro_f1"]

KINDS = {"baseline": SOFT, "sft": COLOURS[0], "rl": COLOURS[1]}
CURVE_POINTS = 200
MOST_CLASSES = 300
"""Of a confusion that is drawn."""
LONGEST_NAME = 40
"""Characters of a label on its axes."""
BARE = {"domain": False, "ticks": False, "labelPadding": 6}
SILENT = {"aria": False}
"""A mark without a tooltip."""


def intervals(arms: Sequence[Arm], measure: Measure, reference: Arm | None) -> Markup:
    """A point and a 95 % interval per arm; the dashed line is the reference."""
    titles = [arm.title for arm in arms]
    y = {"field": "arm", "type": "nominal", "sort": titles, "title": None, "axis": BARE | {"minExtent": extent(titles)}}
    x = {"type": "quantitative", "scale": {"zero": False}, "title": None, "axis": {"tickCount": 5, "format": ".3~g"}}
    colour = {"field": "kind", "type": "nominal", "legend": None, "scale": {"domain": list(KINDS), "range": list(KINDS.values())}}
    number = {
        "mark": SILENT | {"type": "text", "align": "left", "dx": 7},
        "encoding": {"x": x | {"field": "high"}, "text": {"field": "text"}},
    }
    number["encoding"]["color"] = {"value": INK}
    layers: list[Spec] = [
        {"mark": SILENT | {"type": "rule", "strokeWidth": 2}, "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}}},
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {"x": x | {"field": "value"}, "description": {"field": "tip"}},
        },
        number,
    ]
    if reference is not None:
        here = {"x": x | {"datum": 100 * _estimate(reference.test, measure)[0]}, "y": None, "color": {"value": SOFT}}
        layers.insert(0, {"mark": SILENT | {"type": "rule", "strokeDash": [3, 3]}, "encoding": here})
    rows = [_interval_row(arm, measure) for arm in arms]
    spec: Spec = {"data": {"values": rows}, "width": 230, "height": {"step": 24}, "encoding": {"y": y, "color": colour}, "layer": layers}
    return draw(spec, f"{measure} of each arm on the test split")


def _interval_row(arm: Arm, measure: Measure) -> Spec:
    value, bounds = _estimate(arm.test, measure)
    tip = f"{arm.title}: {percent(value)} {interval(bounds)}"
    numbers = {"value": 100 * value, "low": 100 * bounds[0], "high": 100 * bounds[1]}
    return {"arm": arm.title, "kind": arm.trainer, "text": f"{100 * value:.1f}", "tip": tip} | numbers


def _estimate(record: Record, measure: Measure) -> tuple[float, list[float]]:
    if measure == "accuracy":
        return record["accuracy"], record["accuracy_ci"]
    return record["macro_f1"], record["macro_f1_ci"]


def grid(rows: Sequence[Row], decoding: str, winner: str) -> Markup:
    """Validation accuracy of every model (rows) under every inference strategy (columns), one decoding.

    Outlined: the best cell of each row; dashed: the strategy that the model was trained under; ★: the cell of the title `winner`.
    """
    models, inferences = [row.model for row in rows], list(rows[0].asked)
    step = 78 if len(inferences) <= 5 else 50
    turned = {"labelAngle": -40, "labelAlign": "left", "titleAnchor": "start"} if extent(inferences) > step else {"labelAngle": 0}
    title = "prompts at inference"
    x = {"field": "infer", "type": "nominal", "sort": inferences, "title": title, "axis": BARE | turned | {"orient": "top"}}
    y = {"field": "model", "type": "nominal", "sort": models, "title": None, "axis": BARE | {"minExtent": extent(models)}}
    shade = {"field": "value", "type": "quantitative", "legend": None, "scale": {"domain": _span(rows), "range": [0.06, 0.62]}}
    cell = {"type": "rect", "fill": COLOURS[0], "cornerRadius": 2}
    frame = SILENT | {"type": "rect", "fillOpacity": 0, "cornerRadius": 2, "strokeOpacity": 1}
    spec: Spec = {
        "data": {"values": [_grid_cell(row, cell, winner) for row in rows for cell in row.cells if cell.decoding == decoding]},
        "width": {"step": step},
        "height": {"step": 30},
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": cell, "encoding": {"fillOpacity": shade, "description": {"field": "tip"}}},
            {"mark": SILENT | {"type": "text"}, "encoding": {"text": {"field": "text"}}},
            {"transform": [{"filter": "datum.own"}], "mark": frame | {"stroke": SOFT, "strokeDash": [3, 3]}},
            {"transform": [{"filter": "datum.best"}], "mark": frame | {"stroke": INK, "strokeWidth": 2}},
        ],
    }
    return draw(spec, f"validation accuracy by model and inference strategy, {decoding} decoding")


def _grid_cell(row: Row, cell: Cell, winner: str) -> Spec:
    shown = {
        "text": f"{100 * cell.accuracy:.1f}{' ★' if cell.title == winner else ''}",
        "tip": f"{cell.title}: {percent(cell.accuracy)}",
        "best": cell == row.best(cell.decoding),
        "own": cell.infer == row.trained_under,
    }
    return {"model": row.model, "infer": cell.infer, "value": cell.accuracy} | shown


def _span(rows: Sequence[Row]) -> list[float]:
    """Of all accuracies of the grid, so that the shades of different decodings mean the same."""
    values = [cell.accuracy for row in rows for cell in row.cells]
    return [min(values), max(max(values), min(values) + 1e-6)]


def curve(series: dict[str, pd.DataFrame], measure: str) -> Markup:
    """One measure over the training steps, a line per series that has it."""
    frames = {name: frame for name, frame in series.items() if measure in frame}
    rows = pd.concat([_thinned(frame[["step", measure]].dropna()).assign(name=name) for name, frame in frames.items()])
    points = {"size": 22} | SILENT if len(rows) <= 20 * len(frames) else False
    x = {
        "field": "step",
        "type": "quantitative",
        "title": "step",
        "scale": {"nice": False},
        "axis": {"tickCount": 4, "format": "~s", "grid": False},
    }
    axis = BARE | {"tickCount": 4, "minExtent": 40}
    y = {"field": measure, "type": "quantitative", "title": None, "scale": _around(rows[measure]), "axis": axis}
    spec: Spec = {
        "data": {"values": rows.to_dict("records")},
        "width": 250,
        "height": 130,
        "mark": SILENT | {"type": "line", "strokeWidth": 1.8, "point": points},
        "encoding": {"x": x, "y": y, "color": colour_of(list(series))},
    }
    return draw(spec, f"{measure} over the steps of training")


def _around(values: "pd.Series[float]") -> Spec:
    """A scale that shows a constant as a line in the middle, with its true value beside it."""
    low, high = float(values.min()), float(values.max())
    return {"zero": False} if high > low else {"domain": [low - 0.05, high + 0.05], "nice": False}


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """Means of neighbouring steps, so that a long run does not fill the page's bytes."""
    bucket = np.arange(len(frame)) * CURVE_POINTS // max(len(frame), CURVE_POINTS)
    return frame.groupby(bucket).mean()


def confusion(arm: Arm, labels: Sequence[str]) -> Markup | None:
    """Gold labels down, predictions across; the shade is the share of the gold label's rows, hits and mistakes in two colours.

    None of more classes than anybody reads: Vega takes a minute for a thousand and cannot draw fifteen hundred.
    """
    if len(labels) > MOST_CLASSES:
        return None
    rows, labels, columns = _confusion_rows(arm, labels)
    step, size = (46, 12) if len(labels) <= 12 else (27, 10) if len(labels) <= 30 else (max(8.4, 1000 / len(labels)), 7.5)
    turned = {"labelAngle": -60, "labelAlign": "left", "titleAnchor": "start"} if extent(columns, size) > step else {"labelAngle": 0}
    axis = BARE | {"labelFontSize": size, "labelOverlap": False}
    x = {"field": "predicted", "type": "nominal", "sort": columns, "title": "predicted", "scale": {"domain": columns}}
    y = {"field": "gold", "type": "nominal", "sort": list(labels), "title": "gold", "scale": {"domain": list(labels)}}
    x["axis"] = axis | turned | {"orient": "top", "minExtent": 0.87 * extent(columns, size) if extent(columns, size) > step else 0}
    y["axis"] = axis | {"minExtent": extent(labels, size)}
    colour = {"field": "hit", "type": "nominal", "legend": None, "scale": {"domain": [True, False], "range": [COLOURS[2], COLOURS[1]]}}
    shade = {
        "field": "share",
        "type": "quantitative",
        "legend": None,
        "scale": {"type": "pow", "exponent": 0.7, "domain": [0, 1], "range": [0.08, 0.9]},
    }
    shades = {"mark": {"type": "rect", "cornerRadius": 1}, "encoding": {"color": colour, "opacity": shade, "description": {"field": "tip"}}}
    counts = {"mark": SILENT | {"type": "text", "fontSize": size}, "encoding": {"text": {"field": "rows"}}}
    spec: Spec = {
        "data": {"values": rows},
        "width": {"step": step},
        "height": {"step": step},
        "view": {"stroke": LINE},
        "encoding": {"x": x, "y": y},
        "layer": [shades, counts] if len(labels) <= 30 else [shades],
    }
    return draw(spec, f"confusion of {arm.title} on the test split")


def _confusion_rows(arm: Arm, labels: Sequence[str]) -> tuple[list[Spec], list[str], list[str]]:
    """Occupied cells, and the names of rows and columns: outside the label set only if anything went there."""
    counts = np.array(arm.test["confusion"])
    columns = [*labels, "outside the label set"] if counts[:, -1].any() else list(labels)
    names = _short(columns)
    support = np.maximum(counts.sum(axis=1), 1)
    rows = []
    for g, p in np.argwhere(counts).tolist():
        n, share = int(counts[g, p]), float(counts[g, p] / support[g])
        tip = f"{labels[g]} → {columns[p]}: {n} rows, {percent(share)} of {labels[g]}"
        rows.append({"gold": names[g], "predicted": names[p], "rows": n, "share": share, "hit": g == p, "tip": tip})
    return rows, names[: len(labels)], names


def _short(names: Sequence[str]) -> list[str]:
    """Long names without their middle, as paths of a taxonomy differ at their end; whole where two would then be the same."""
    cut = [name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}…{name[-LONGEST_NAME // 2 :]}" for name in names]
    seen = Counter(cut)
    return [short if seen[short] == 1 else name for short, name in zip(cut, names, strict=True)]
