"""Labels as a strategy writes them: names or meaningless numbers, with or without Uncertain. No torch here."""

from collections.abc import Sequence

import numpy as np

from gencls.errors import InputError
from gencls.params import Strategy

UNCERTAIN = "Uncertain"
"""The extra label's name in data and metrics. It is never the gold label of a row that is evaluated, so to answer it is to be wrong."""
WORDING = {"en": UNCERTAIN, "zh": "不确定"}


def reserved(language: str) -> set[str]:
    """Names that no label may have where Uncertain is offered."""
    return {UNCERTAIN, WORDING[language]}


def written(labels: Sequence[str], strategy: Strategy, *, language: str, seed: int) -> dict[str, str]:
    """Label name → what the model reads and writes, in the order of the label list.

    Numbers (GenCLS++: labels that mean nothing) are drawn from the seed without replacement, all with the same number of digits, so that
    neither their size nor their length says anything. There is no legend in the prompt: what a number means is learnt from the training
    rows, or read off the definitions and examples of the prompt. The paper's choice is unknown.

    Raises:
        InputError: the strategy offers Uncertain and a label of the data set is called that, or what is written for it.
    """
    names = list(labels)
    if strategy.uncertain:
        if own := sorted(reserved(language) & set(names)):
            raise InputError(f"the data set has a label {own[0]!r} of its own; rename it, or use a strategy without `uncertain`")
        names.append(UNCERTAIN)
    if strategy.labels == "name":
        return {name: WORDING[language] if name == UNCERTAIN and strategy.uncertain else name for name in names}
    smallest = next(10**digits for digits in range(10) if 9 * 10**digits >= len(names))
    drawn = np.random.default_rng([seed, smallest]).choice(9 * smallest, size=len(names), replace=False) + smallest
    return {name: str(number) for name, number in zip(names, drawn, strict=True)}
