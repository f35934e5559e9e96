"""Texts mixed from pieces of training texts, for SFT to learn what a linear model answers to them. Ours, of neither paper.

A network that starts from nothing knows a few thousand rows by heart before it knows what their words say; a linear model of n-grams cannot
learn rows by heart, and is ahead of it there. So it teaches: pieces of texts are put together anew, it labels them, and as each is met once
there is nothing to learn by heart but what the teacher goes by. Knowledge distillation (Hinton, Vinyals & Dean 2015) on made-up texts.
"""

from collections.abc import Sequence

import numpy as np

MEAN = 3
"""Words of a piece, in Chinese characters, on average: a new text has but short runs in common with the training texts, and a model that
learnt from longer ones answers it less as its teacher does (docs/better.md).
"""
SPACES = 0.05
"""Share of white space below which a script does not part its words by it, as Japanese and Thai do not; in English it is one in six."""


def mixed(texts: Sequence[str], number: int, *, language: str, seed: int) -> list[str]:
    """So many new texts, each as long as some training text. A piece is a run of words, in Chinese and where texts have hardly any white
    space of characters; which texts, how long and from where is drawn. No text may be blank.
    """
    whole = "".join(texts)
    characters = language == "zh" or sum(map(str.isspace, whole)) < SPACES * len(whole)
    separator = "" if characters else " "
    units = [list(text) if characters else text.split() for text in texts]
    rng = np.random.default_rng(seed)
    return [separator.join(_strung(units, len(units[i]), rng)) for i in rng.integers(len(units), size=number)]


def _strung(units: Sequence[Sequence[str]], length: int, rng: np.random.Generator) -> list[str]:
    """Pieces one after another, each of a text of its own, until they are `length` units."""
    sources, sizes, places = rng.integers(len(units), size=length), rng.geometric(1 / MEAN, size=length), rng.random(length)
    made: list[str] = []
    for source, size, place in zip(sources, sizes, places, strict=True):
        start = int(place * max(1, len(units[source]) - size + 1))
        made += units[source][start : start + size]
        if len(made) >= length:
            break
    return made[:length]
