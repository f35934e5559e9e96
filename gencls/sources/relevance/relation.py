"""What a query asks, what a note says, and the grade that follows from the two."""

from dataclasses import dataclass

from gencls.sources.relevance.catalogue import KINDS, PRODUCTS

GRADES: dict[str, str] = {
    "exact": "The note is about the product that the query names and confirms every condition of the query.",
    "partial": "The note is about that product, but contradicts a condition or says nothing about it.",
    "related": "The note is about another product of the same kind, whatever its properties.",
    "irrelevant": "The note is about a product of another kind, or about no product.",
}
"""From the best to the worst."""


@dataclass(frozen=True)
class Claim:
    """A trait, and whether it is there (in a note) or wanted (in a query)."""

    trait: str
    holds: bool


@dataclass(frozen=True)
class Query:
    """What somebody looks for."""

    product: str
    wishes: tuple[Claim, ...] = ()
    limit: int | None = None
    """Euros."""


@dataclass(frozen=True)
class Note:
    """What somebody wrote about; an everyday note has no product and claims nothing."""

    product: str | None
    claims: tuple[Claim, ...] = ()
    price: int | None = None
    """Euros."""


def grade(query: Query, note: Note) -> str:
    """One of `GRADES`."""
    if note.product is None or PRODUCTS[note.product].family != PRODUCTS[query.product].family:
        return "irrelevant"
    if note.product != query.product:
        return "related"
    within = query.limit is None or (note.price is not None and note.price <= query.limit)
    return "exact" if within and all(confirms(note, wish) for wish in query.wishes) else "partial"


def confirms(note: Note, wish: Claim) -> bool:
    """Whether the note says so, or says that something else is the case which rules the unwanted trait out."""
    if wish in note.claims:
        return True
    rivals = set(KINDS.get(wish.trait, ())) - {wish.trait}
    return not wish.holds and any(claim.holds and claim.trait in rivals for claim in note.claims)
