"""What people do to clean sentences when they write to a shop: contractions, greetings, typos, no capitals, loose punctuation."""

import random
import re

from gencls.sources.intents.grammar.frames import CLOSINGS, GREETINGS

CONTRACTIONS = (
    (r"\b([Dd])o not\b", r"\1on't"),
    (r"\b([Dd])id not\b", r"\1idn't"),
    (r"\b([Dd])oes not\b", r"\1oesn't"),
    (r"\b([Cc])annot\b", r"\1an't"),
    (r"\b([HhWw]as|[Ii]s|[Hh]ave) not\b", r"\1n't"),
    (r"\bI am (?=\w)", r"I'm "),
    (r"\bI would (like|rather)\b", r"I'd \1"),
    (r"\bI have (already|been|never|tried)\b", r"I've \1"),
)
TYPO_WORD = re.compile(r"[a-z]{5,}")
"""Typos keep to longer words: a lost letter in "not" or "no" would change what the message asks for."""


def roughen(text: str, rng: random.Random) -> str:
    """The message as it might have been typed."""
    if rng.random() < 0.5:
        text = _contract(text)
    if rng.random() < 0.14:
        text = rng.choice(GREETINGS).capitalize() + _lower_first(text)
    if rng.random() < 0.12 and text[-1] in ".?!":
        text += rng.choice(CLOSINGS)
    for _ in range(rng.choices((0, 1, 2), (78, 17, 5))[0]):
        text = _typo(text, rng)
    return _case(_punctuation(text, rng), rng)


def _contract(text: str) -> str:
    for long, short in CONTRACTIONS:
        text = re.sub(long, short, text)
    return text


def _lower_first(text: str) -> str:
    return text if re.match(r"I\b", text) else text[0].lower() + text[1:]


def _typo(text: str, rng: random.Random) -> str:
    """One letter inside a word swapped with the next, lost or doubled; the first and the last letter stay."""
    words = list(TYPO_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 2)
    replacement = rng.choice((text[at + 1] + text[at], text[at + 1], text[at] + text[at : at + 2]))
    return text[:at] + replacement + text[at + 2 :]


def _punctuation(text: str, rng: random.Random) -> str:
    kind = rng.choices(("as is", "no end", "none", "loud"), (50, 30, 12, 8))[0]
    if kind == "no end":
        return text.rstrip(".?!")
    if kind == "none":
        return re.sub(r"(?<!\w)'|'(?!\w)|[.,?!:]", "", text)
    if kind == "loud":
        return text.rstrip(".?!") + rng.choice(("!", "!!", "??" if text.endswith("?") else "!!!", "..."))
    return text


def _case(text: str, rng: random.Random) -> str:
    kind = rng.choices(("as is", "lower", "upper"), (60, 37, 3))[0]
    return text.lower() if kind == "lower" else text.upper() if kind == "upper" else text
