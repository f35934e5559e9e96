"""A Vega-Lite specification becomes an inline SVG that belongs to the page: its colours are the page's CSS variables, so that light and
dark need one drawing, and a mark's description is its tooltip. vl_convert draws without a browser and without the network, and the same
specification gives the same bytes.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import vl_convert
from markupsafe import Markup, escape

Spec = dict[str, Any]

INK, SOFT, LINE = "var(--text)", "var(--soft)", "var(--line)"
COLOURS = [f"var(--c{i})" for i in range(1, 9)]
"""Of series, in the order of gencls/pages/style.css; a ninth starts anew."""

VEGA_LITE = "6.1"
FONT_SIZE = 11
CONFIG: Spec = {
    "background": None,
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": SOFT,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelFontSize": FONT_SIZE,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "labelLimit": 0,
    },
    "mark": {"color": COLOURS[0]},
    "text": {"color": INK, "fontSize": FONT_SIZE},
    "rule": {"color": SOFT},
}


def draw(spec: Spec, title: str) -> Markup:
    """Inline SVG; `title` is what a screen reader says. Everything that comes from data is escaped by Vega."""
    svg = vl_convert.vegalite_to_svg(json.dumps({**spec, "config": CONFIG}), vl_version=VEGA_LITE)
    svg = re.sub(r"<[^>]+>", _slim, svg)  # Vega escapes < and > in attributes and texts, so this matches tags and nothing else
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1))


def _slim(tag: re.Match[str]) -> str:
    """A tag without what nobody sees: empty frames, roles, the sixth digit; a described mark gets its tooltip."""
    text = tag[0]
    if re.search(r' class="(background|foreground)"', text) and ("stroke=" not in text or "display=" in text):
        return ""
    described = re.search(r' aria-label="([^"]*)"', text)
    text = re.sub(r' (aria-[a-z]+|role|pointer-events)="[^"]*"', "", text)
    text = re.sub(r"(\d\.\d\d)\d+", r"\1", text)
    if described and text.startswith("<path") and text.endswith("/>"):
        return f"{text[:-2]}><title>{described[1]}</title></path>"
    return text


def extent(names: Iterable[str], size: float = FONT_SIZE) -> float:
    """Pixels that the longest name takes, judged by character class: the drawing must not depend on the fonts of this machine."""
    return max((size * sum(1.02 if unicodedata.east_asian_width(c) in "WF" else 0.58 for c in name) for name in names), default=0.0)


def colour_of(names: Sequence[str]) -> Spec:
    """Colour encoding of series; the legend is part of the page."""
    return {"field": "name", "type": "nominal", "legend": None, "scale": {"domain": list(names), "range": series_colours(names)}}


def series_colours(names: Sequence[str]) -> list[str]:
    """A CSS colour per name."""
    return [COLOURS[i % len(COLOURS)] for i in range(len(names))]
