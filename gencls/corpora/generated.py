"""The builtin corpus, made from a seed: what a reasoner of a few million parameters can carry over to a data set is a form.

Find the words of the question that speak for the answer, quote them, and say what they have to do with it. quoting.py teaches the first
two in the language of the data set, with the words of the base's tokenizer; families.py the last, in English.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

from gencls.corpora import families, quoting
from gencls.corpora.rows import CorpusError, Row

ATTEMPTS = 50
"""Rows written in vain before the families count as exhausted."""


def generate(count: int, tokenizer: Any, language: str, *, seed: int) -> list[Row]:
    """`count` rows with different questions, the families in turn, then shuffled.

    Raises:
        CorpusError: the families have no more different questions.
    """
    rng = random.Random(f"{seed} corpus")
    writers = _writers(quoting.Words.of(tokenizer, language), language)
    rows: dict[str, Row] = {}
    for i in range(count):
        for turn in range(ATTEMPTS):  # a family that is exhausted gives way to the next one
            row = writers[(i + turn) % len(writers)](rng)
            if row.question not in rows:
                rows[row.question] = row
                break
        else:
            raise CorpusError(f"reasoner.corpus.rows: got {count}; the builtin corpus has no more different questions after {len(rows)}")
    shuffled = list(rows.values())
    rng.shuffle(shuffled)
    return shuffled


def _writers(words: quoting.Words, language: str) -> list[Callable[[random.Random], Row]]:
    """All families in turn: of those in English, where that is the language, each after all of those of words at random."""
    at_random: list[Callable[[random.Random], Row]] = [partial(family, words) for family in quoting.FAMILIES]
    return [writer for family in families.FAMILIES for writer in (*at_random, family)] if language == "en" else list(at_random)
