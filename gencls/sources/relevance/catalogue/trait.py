"""What the catalogue says about one trait.

Phrases start in lower case and end without a full stop. Their slots follow the product's number: `{it}` it/they, `{them}` it/them,
`{is}`, `{was}`, `{has}`, `{does}`, and `{s}` or `{es}` after a verb. The last 15 % of each list occur in validation and test only: put a
phrase there that says it with words that are known from the rest.
"""

from dataclasses import dataclass

Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trait:
    """How queries ask for a trait or rule it out, and how notes confirm or deny it."""

    before: Phrases
    """In a query before the product: "waterproof"."""
    after: Phrases
    """In a query after the product: "for rainy days"."""
    without: Phrases
    """In a query after the product, ruling the trait out; empty where nobody would."""
    yes: Phrases
    """Clauses of a note that say that the trait is there."""
    no: Phrases
    """Clauses of a note that say that it is not; empty where another trait of the kind says so."""
    bystander: str = ""
    """Adjective for a variant that the note is not about ("the black one was sold out"); empty where there are no variants."""
