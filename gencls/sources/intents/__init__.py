"""Data set `intents`: short English messages to an online shop with subscriptions, 16 intents, composed from a grammar.

It stands in for the private query-intent set of the GenCLS++ paper: search-like and message-like texts whose intents share most of
their words. What is asked for, refused, already done or somebody else's is often said with the same words, so that a bag of words
falls well short of a reader. The card with measured baselines: data/raw/intents/README.md.
"""

from gencls.sources.intents.generate import ROWS, generate
from gencls.sources.intents.grammar import INTENTS

DEFINITIONS: dict[str, str] = {label: INTENTS[label].definition for label in sorted(INTENTS)}
"""One line per label."""

__all__ = ["DEFINITIONS", "ROWS", "generate"]
