"""The comparison as one HTML page without any other file, the same bytes for the same inputs; everything from the data is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from gencls.drift.measures import Measure, counts
from gencls.drift.reading import Row
from gencls.pages import shortened, template
from gencls.report import words

BINS = 20
"""Of the confidence's histogram."""
LONGEST = 400
"""Characters of a text that are shown."""
EFFECTS = {
    "labels": ("predicted labels", "stability index", "chi-square"),
    "confidence": ("confidence", "Kolmogorov-Smirnov distance", "Kolmogorov-Smirnov"),
    "abstained": ("share abstained", "rise", "Fisher's exact"),
    "unseen_characters": ("unseen characters per text", "rise of the mean", "Welch's t"),
    "unseen_tokens": ("unseen tokens per text", "rise of the mean", "Welch's t"),
}
"""Measure → what it is of, its effect size, its test."""


@dataclass(frozen=True)
class Page:
    """All that the page says."""

    model: str
    """Folder of the bundle."""
    cell: str
    """Which cell of the grid it is."""
    files: Sequence[tuple[str, int, int]]
    """(file, rows predicted, rows that could not be read)."""
    validation: pd.DataFrame
    new: pd.DataFrame
    measures: Sequence[Measure]
    unlike: Sequence[Row]


@dataclass(frozen=True)
class Label:
    """Shares of a predicted label."""

    name: str
    old: float
    new: float


def render(page: Page) -> str:
    """The page as HTML."""
    return template("gencls.drift").render(
        page=page,
        words=words,
        effects=EFFECTS,
        labels=_labels(page.validation, page.new),
        bins=_histogram(page.validation, page.new),
        numbers=[(_side(page.validation, name), _side(page.new, name)) for name in EFFECTS],
        unlike=[(row, shortened(row.text, LONGEST), _as_strange(page.validation, row)) for row in page.unlike],
    )


def _labels(validation: pd.DataFrame, new: pd.DataFrame) -> list[Label]:
    """The largest change of share first."""
    names, old_K, new_K = counts(validation["predicted"], new["predicted"])
    found = [Label(name, *shares) for name, *shares in zip(names, old_K / old_K.sum(), new_K / new_K.sum(), strict=True)]
    return sorted(found, key=lambda label: (-abs(label.new - label.old), label.name))


def _histogram(validation: pd.DataFrame, new: pd.DataFrame) -> list[tuple[str, float, float]]:
    """(range, share of validation rows, share of new rows) per bin."""
    edges = np.linspace(0, 1, BINS + 1)
    shares = [np.histogram(side["confidence"], edges)[0] / len(side) for side in (validation, new)]
    names = [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in pairwise(edges)]
    return list(zip(names, *(side.tolist() for side in shares), strict=True))


def _side(frame: pd.DataFrame, name: str) -> str:
    """One number of one side, for the table; labels have none."""
    if name == "labels":
        return words.count(frame["predicted"].nunique(), "label")
    if name == "confidence":
        return f"{frame[name].median():.3f}"
    return words.percent(float(frame[name].mean()))


def _as_strange(validation: pd.DataFrame, row: Row) -> float:
    """Share of validation rows with as many bits."""
    return float((validation["bits"] >= row.bits).mean())
