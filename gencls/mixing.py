"""Texts mixed from pieces of training texts, for SFT to learn what a linear model answers to them. Ours, of neither paper.

A network that starts from nothing knows a few thousand rows by heart before it knows what their words say; a linear model of n-grams cannot
learn rows by heart, and is ahead of it there. So it teaches: pieces of texts are put together anew, it labels them, and as each is met once
there is nothing to learn by heart but what the teacher goes by. Knowledge distillation (Hinton, Vinyals & Dean 2015) on made-up texts.
"""

from collections.abc import Sequence

import numpy as np

SOURCES = {1: 0.3, 2: 0.5, 3: 0.2}
"""Texts that a mixed one takes a piece of, and how often that many."""
SHORTEST = 0.3
"""Share of its text that a piece has at least; at most it is the whole."""


def mixed(texts: Sequence[str], number: int, *, language: str, seed: int) -> list[str]:
    """So many new texts. A piece is a run of words, in Chinese of characters; which texts, how long and from where is drawn."""
    separator = "" if language == "zh" else " "
    units = [list(text) if language == "zh" else text.split() for text in texts]
    rng = np.random.default_rng(seed)
    made = []
    for count in rng.choice(list(SOURCES), p=list(SOURCES.values()), size=number):
        pieces = [_piece(units[source], rng) for source in rng.integers(len(units), size=count)]
        made.append(separator.join(unit for piece in pieces for unit in piece))
    return made


def _piece(units: Sequence[str], rng: np.random.Generator) -> Sequence[str]:
    length = max(1, round(len(units) * rng.uniform(SHORTEST, 1)))
    start = int(rng.integers(max(0, len(units) - length) + 1))
    return units[start : start + length]
