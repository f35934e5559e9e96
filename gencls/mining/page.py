"""The marked rows as one HTML page for people: it needs no network, and everything from the data is escaped."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gencls.mining.marks import guessers
from gencls.pages import shortened, template
from gencls.report import words

ROWS = 500
"""Rows shown; the csv has all of them."""
PAIRS = 15
"""Pairs of given and suggested label listed."""
LONGEST = 400
"""Characters of a text that are shown; the csv has all of it."""


@dataclass(frozen=True)
class Page:
    """All that the page says."""

    data_set: str
    summary: dict[str, Any]
    """What the stage writes as JSON: `marks.summarise`, and `zero_shot` where bases were the scorers."""
    train_labels: Sequence[str]
    """Of all training rows."""
    marked: pd.DataFrame
    """`marks.marked`, with `clean_label` where the truth is recorded."""
    csv: str
    """Link to the csv, relative to the page."""
    corrections: str
    """Path where the filled csv belongs."""


@dataclass(frozen=True)
class Row:
    """A marked row; `truth` is None where it is not recorded."""

    id: str
    text: str
    label: str
    suggested: str
    confidence: float
    truth: str | None


def render(page: Page) -> str:
    """The page: what was marked and by whom, classes and pairs, the rows with the least believable first."""
    zero_shot, rows = page.summary.get("zero_shot"), _rows(page.marked)
    pairs = _pairs(rows)
    return template("gencls.mining", words=words).render(
        page=page,
        summary=page.summary,
        zero_shot=zero_shot,
        guessers=guessers(zero_shot) if zero_shot else [],
        truth="clean_label" in page.marked,
        pairs=pairs[:PAIRS],
        further=len(pairs[PAIRS:]),
        classes=_classes(page.train_labels, rows),
        rows=rows[:ROWS],
    )


def _pairs(rows: Sequence[Row]) -> list[tuple[str, str, int, int]]:
    """(given, suggested, rows, those known to be wrong) for every pair, the most frequent first."""
    marked = Counter((row.label, row.suggested) for row in rows)
    wrong = Counter((row.label, row.suggested) for row in rows if row.truth not in (None, row.label))
    return sorted(((*pair, n, wrong[pair]) for pair, n in marked.items()), key=lambda item: (-item[2], item[:2]))


def _classes(labels: Iterable[str], rows: Sequence[Row]) -> list[tuple[str, int, int, float]]:
    """(label, training rows, marked ones, their share), the largest share first; classes without marked rows are left out."""
    all_of, marked = Counter(labels), Counter(row.label for row in rows)
    return sorted(((label, all_of[label], n, n / all_of[label]) for label, n in marked.items()), key=lambda item: (-item[3], item[0]))


def _rows(marked: pd.DataFrame) -> list[Row]:
    truth = marked["clean_label"].tolist() if "clean_label" in marked else [None] * len(marked)
    cells = zip(marked["id"], marked["text"], marked["label"], marked["suggested"], marked["confidence"], truth, strict=True)
    return [Row(i, shortened(text, LONGEST), label, suggested, confidence, true) for i, text, label, suggested, confidence, true in cells]
