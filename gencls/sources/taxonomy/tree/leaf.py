"""What the tree says about one leaf.

Phrases are in lower case and have no mark at the end. The last 15 % of each list but `riddles` and `brands` occur in validation and test
only: put a phrase there that somebody who knows the rest still places.
"""

from dataclasses import dataclass

Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A category and how people search for what is in it."""

    definition: str
    things: Phrases
    """What is sold there."""
    details: Phrases
    """After a thing: "with a long cable"."""
    needs: Phrases
    """Verb phrases that name a use and not the thing: "listen to music on the train"."""
    riddles: Phrases
    """Whole queries in which a word of another leaf stands; the rest of the query decides."""
    brands: Phrases
    """Invented names, so that only the training rows tell what they make."""


@dataclass(frozen=True, slots=True)
class Top:
    """A top category: its leaves, and what their queries share."""

    details: Phrases
    """After a thing of any of its leaves."""
    makers: Phrases
    """Invented names that stand for any of its leaves."""
    leaves: dict[str, Leaf]
