"""What people do to clean sentences when they type, whatever they write about: typos, no capitals, loose punctuation."""

import random
import re

TYPO_WORD = re.compile(r"[a-z]{5,}")
"""Typos keep to longer words: a lost letter in "not" or "no" would change what is meant."""


def mistype(text: str, rng: random.Random) -> str:
    """No typo in four texts of five, else one or two."""
    for _ in range(rng.choices((0, 1, 2), (78, 17, 5))[0]):
        text = _typo(text, rng)
    return text


def _typo(text: str, rng: random.Random) -> str:
    """One letter inside a word swapped with the next, lost or doubled; the first and the last letter stay."""
    words = list(TYPO_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 2)
    replacement = rng.choice((text[at + 1] + text[at], text[at + 1], text[at] + text[at : at + 2]))
    return text[:at] + replacement + text[at + 2 :]


def punctuate(text: str, rng: random.Random) -> str:
    """As it is, without its end, without any marks, or louder."""
    kind = rng.choices(("as is", "no end", "none", "loud"), (50, 30, 12, 8))[0]
    if kind == "no end":
        return text.rstrip(".?!")
    if kind == "none":
        return re.sub(r"(?<!\w)'|'(?!\w)|[.,?!:]", "", text)
    if kind == "loud":
        return text.rstrip(".?!") + rng.choice(("!", "!!", "??" if text.endswith("?") else "!!!", "..."))
    return text


def recase(text: str, rng: random.Random) -> str:
    """As it is, lower case, rarely upper case."""
    kind = rng.choices(("as is", "lower", "upper"), (60, 37, 3))[0]
    return text.lower() if kind == "lower" else text.upper() if kind == "upper" else text


def sentence(text: str) -> str:
    """Capital at the start, full stop at the end unless there is a mark already."""
    text = text.strip()
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")
