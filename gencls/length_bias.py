"""Whether a decoding prefers labels for their length in tokens. No torch here.

Perplexity decoding averages over a label's T tokens, the end token included, and the later tokens of a long label are almost certain: the
mean favours long labels, the sum (likelihood) does not. It shows where labels of one length are predicted more often than they are gold.
"""

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from gencls.arrays import Ints


class LengthShare(TypedDict):
    """Labels of one length: how many, and the share of rows whose gold or predicted label is one of them."""

    tokens: int
    labels: int
    gold: float
    predicted: dict[str, float]
    """Per decoding."""


def length_bias(lengths_L: Ints, gold_N: Ints, predicted: Mapping[str, Ints]) -> list[LengthShare]:
    """One entry per length that a label has, shortest first; each column of shares sums to 1.

    Args:
        lengths_L: tokens of each label, end token included (`LabelTrie.lengths`).
        gold_N: positions of the gold labels.
        predicted: decoding → (N,) positions of its answers; every answer is a label of the set.

    Raises:
        ValueError: no rows, lengths that differ, or a position that is no label's.
    """
    for name, numbers_N in {"gold": gold_N, **predicted}.items():
        _check(name, numbers_N, len(gold_N), len(lengths_L))
    return [
        {
            "tokens": int(tokens),
            "labels": int((lengths_L == tokens).sum()),
            "gold": float((lengths_L[gold_N] == tokens).mean()),
            "predicted": {name: float((lengths_L[numbers_N] == tokens).mean()) for name, numbers_N in predicted.items()},
        }
        for tokens in np.unique(lengths_L)
    ]


def _check(name: str, numbers_N: Ints, rows: int, labels: int) -> None:
    if not rows:
        raise ValueError("no rows")
    if len(numbers_N) != rows:
        raise ValueError(f"{rows} gold labels but {len(numbers_N)} answers of {name}")
    if numbers_N.min() < 0 or numbers_N.max() >= labels:
        raise ValueError(f"{name}: labels are numbers from 0 to {labels - 1}, not {numbers_N.min()} to {numbers_N.max()}")
