"""What the grammar says about one intent.

Phrases hold slots such as `{order}` (grammar/slots.py). They start in lower case and end without a full stop; a question ends with `?`.
The last 15 % of each list but `twins` occur in validation and test only: put a phrase there that a reader who knows the rest still
understands, best one that says with known words what was not said with them before.
"""

from dataclasses import dataclass

Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Intent:
    """The phrases of one intent and the intents it is easily taken for."""

    definition: str
    confusable: tuple[str, ...]
    do: Phrases
    """Verb phrases that fit both "I want to …" and "I was going to …, but"."""
    say: Phrases
    """Whole clauses that make the request without a frame."""
    about: Phrases
    """Noun phrases that fit "it is about …"."""
    query: Phrases
    """What somebody types into a search box."""
    done: Phrases
    """A closed or refused matter of this intent: the background of a message that asks for something else."""
    twins: Phrases
    """Messages made of the words of another intent; who did what, or what is refused, decides."""
