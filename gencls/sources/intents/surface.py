"""What people do to clean sentences when they write to a shop: contractions, greetings, and the carelessness of all typing."""

import random
import re

from gencls.sources.intents.grammar.frames import CLOSINGS, GREETINGS
from gencls.sources.surface import mistype, punctuate, recase

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


def roughen(text: str, rng: random.Random) -> str:
    """The message as it might have been typed."""
    if rng.random() < 0.5:
        text = _contract(text)
    if rng.random() < 0.14:
        text = rng.choice(GREETINGS).capitalize() + _lower_first(text)
    if rng.random() < 0.12 and text[-1] in ".?!":
        text += rng.choice(CLOSINGS)
    return recase(punctuate(mistype(text, rng), rng), rng)


def _contract(text: str) -> str:
    for long, short in CONTRACTIONS:
        text = re.sub(long, short, text)
    return text


def _lower_first(text: str) -> str:
    return text if re.match(r"I\b", text) else text[0].lower() + text[1:]
