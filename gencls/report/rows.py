"""Rows and pairs of classes that are worth a look: errors tell more than averages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gencls.metrics import Record
from gencls.pages import shortened
from gencls.report.results import Arm

LONGEST = 280
"""Characters of a text that are shown; the predictions file has all of it."""


@dataclass(frozen=True)
class Row:
    """A test row and what was made of it."""

    id: str
    text: str
    gold: str
    predicted: str | None
    confidence: float | None
    """Of the prediction; None where the decoding has no probabilities."""
    wrong: int
    """How many of the arms asked got it wrong."""


def hardest(winner: Arm, arms: Sequence[Arm], limit: int) -> list[Row]:
    """Rows that most arms get wrong; of equals, those where the winner believes least in the gold label."""
    wrong = _times_wrong(arms)
    records = winner.predictions.to_dict("records")
    belief = [0.0 if np.isnan(p := record[f"p_{record['label']}"]) else p for record in records]
    order = sorted((i for i, times in enumerate(wrong) if times), key=lambda i: (-wrong[i], belief[i], i))
    return [_row(records[i], wrong[i]) for i in order[:limit]]


def confidently_wrong(winner: Arm, arms: Sequence[Arm], limit: int) -> list[Row]:
    """The winner's wrong answers of highest confidence; none where its decoding has no probabilities."""
    wrong = _times_wrong(arms)
    records = winner.predictions.to_dict("records")
    mistakes = [i for i, right in enumerate(winner.right) if not right and not np.isnan(records[i]["confidence"])]
    order = sorted(mistakes, key=lambda i: (-records[i]["confidence"], i))
    return [_row(records[i], wrong[i]) for i in order[:limit]]


def confusions(record: Record, labels: Sequence[str], limit: int) -> list[tuple[str, str | None, int, float]]:
    """(gold, predicted, rows, share of the gold label's rows) of the most frequent mistakes; predicted None is outside the label set."""
    counts = np.array(record["confusion"])
    support = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:limit]
    pairs = [divmod(int(cell), counts.shape[1]) for cell in order]
    names: list[str | None] = [*labels, None]
    return [(labels[g], names[p], int(counts[g, p]), float(counts[g, p] / support[g])) for g, p in pairs if counts[g, p]]


def _times_wrong(arms: Sequence[Arm]) -> list[int]:
    return [sum(not right for right in row) for row in zip(*(arm.right for arm in arms), strict=True)]


def _row(record: dict[Any, Any], wrong: int) -> Row:
    text = record["text"]
    return Row(
        id=record["id"],
        text=shortened(text, LONGEST),
        gold=record["label"],
        predicted=record["predicted"] or None,
        confidence=None if np.isnan(record["confidence"]) else record["confidence"],
        wrong=wrong,
    )
