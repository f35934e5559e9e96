"""The figures of calibration and abstention: complete, in the page's colours, and drawn for little data too."""

import re

import numpy as np
import pytest
from markupsafe import Markup

from gencls.calibration import OperatingPoint, operating_point, reliability, risk_coverage
from gencls.length_bias import length_bias
from gencls.report import calibration_charts as charts

LENGTHS = np.array([2, 2, 3, 5])
GOLD = np.array([0, 1, 2, 3, 0])
ANSWERS = {"likelihood": GOLD, "perplexity": np.array([3, 3, 2, 3, 3])}


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    confidence = rng.random(count)
    return confidence, rng.random(count) < confidence


def tooltips(svg: Markup) -> list[str]:
    return re.findall(r"<title>([^<]*)</title>", svg)


def texts(svg: Markup) -> list[str]:
    return re.findall(r"<text [^>]*>([^<]*)</text>", svg)


def colours(svg: Markup) -> list[str]:
    return re.findall(r'(?:fill|stroke)="([^"]*)"', svg)


def lines(svg: Markup) -> list[str]:
    """Paths that have a stroke and no filling, and are no line of an axis."""
    return [path for path in re.findall(r"<path [^>]*>", svg) if 'stroke="var(--c' in path and "fill=" not in path]


@pytest.mark.parametrize("count", [1, 7, 3000])
def test_the_figures_have_the_colours_of_the_page_and_no_identifier(count: int):
    confidence, correct = rows(count)
    curve, point = risk_coverage(confidence, correct), operating_point(confidence, correct, 0.0)
    figures = [
        charts.reliability(reliability(confidence, correct, 15), "before <T>"),
        charts.risk_coverage({"a": curve, "b": curve}, point),
        charts.length_bias(length_bias(LENGTHS, GOLD, ANSWERS)),
    ]
    for svg in figures:
        assert svg.startswith("<svg role=")
        assert 'id="' not in svg
        assert all(colour.startswith("var(--") or colour in ("none", "transparent") for colour in colours(svg))
        assert "NaN" not in svg and "undefined" not in svg
        assert len(svg) < 40_000


def test_the_same_rows_give_the_same_drawing():
    assert charts.reliability(reliability(*rows(50), 10), "x") == charts.reliability(reliability(*rows(50), 10), "x")


def test_a_bin_shows_its_rows_and_an_empty_one_shows_nothing():
    confidence, correct = np.array([0.3, 0.9, 0.95]), np.array([True, True, False])
    svg = charts.reliability(reliability(confidence, correct, 4), "x")
    # Two filled bins of four, each a point and a bar.
    assert len(tooltips(svg)) == 4
    assert "2 rows with a mean confidence of 92.5\u00a0%: 50.0\u00a0% right [1.3,\u00a098.7]" in tooltips(svg)
    assert [text for text in texts(svg) if "%" not in text] == ["confidence", "accuracy", "rows", "1", "2"]


def test_each_series_has_a_line_even_when_all_confidences_are_equal():
    tied = risk_coverage(np.full(4, 0.5), np.array([True, False, True, True]))
    svg = charts.risk_coverage({"before": tied, "after": tied}, None)
    assert len(lines(svg)) == 2
    # From a coverage of 0 to one of 1 at the one risk there is.
    assert all(re.search(r'd="M0,([\d.]+)L0,\1L286,\1"', line) for line in lines(svg))


def test_a_threshold_is_marked_where_it_answers_rows():
    confidence, correct = np.array([0.9, 0.8, 0.6, 0.5]), np.array([True, True, False, True])
    curve = {"a": risk_coverage(confidence, correct)}
    marked = charts.risk_coverage(curve, operating_point(confidence, correct, 0.6))
    assert tooltips(marked) == ["confidence ≥ 60.0\u00a0%: 75.0\u00a0% of the rows are answered, 66.7\u00a0% of them right"]
    assert "confidence ≥ 60.0\u00a0%" in texts(marked)
    nothing: OperatingPoint = operating_point(confidence, correct, 0.95)
    assert charts.risk_coverage(curve, nothing) == charts.risk_coverage(curve, None)
    assert not tooltips(charts.risk_coverage(curve, None))


def test_every_length_has_a_bar_for_gold_and_a_point_per_decoding():
    svg = charts.length_bias(length_bias(LENGTHS, GOLD, ANSWERS))
    assert len(tooltips(svg)) == 3 * (1 + 2)
    assert "5 tokens, gold label: 20.0\u00a0% of the rows" in tooltips(svg)
    assert "5 tokens, perplexity: 80.0\u00a0% of the rows" in tooltips(svg)
