"""A query and a note whose relation has a given grade."""

import random
from collections.abc import Sequence

from gencls.sources.relevance.catalogue import FAMILIES, KINDS, PRODUCTS, TRAITS, choices
from gencls.sources.relevance.relation import Claim, Note, Query, grade

CONDITIONS = {"exact": (30, 45, 20, 5), "partial": (0, 40, 40, 20), "related": (15, 45, 30, 10), "irrelevant": (15, 45, 30, 10)}
"""Weights of none, one, two and three conditions in a query: the more there are, the rarer a note that meets them all."""
UNWANTED_SHARE = 0.35
"""Share of the wishes that rule a trait out, where anybody would."""
LIMIT_SHARE = 0.25
"""Share of the queries with conditions of which one is a price limit."""
LIMITS = (20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200)
"""Euros."""
MISSING_SHARE = 0.25
"""Share of the failing conditions about which the note says nothing; the others are contradicted."""
EVERYDAY_SHARE = 0.5
"""Share of the irrelevant notes that are about no product."""
LUCKY_SHARE = 0.6
"""Share of the wishes that a note about another product meets by chance."""
PRICE_SHARE = 0.35
"""Share of the notes that state a price nobody asked for."""
DENIED_SHARE = 0.15
"""Share of the claims nobody asked for that deny something."""


def draw(label: str, rng: random.Random) -> tuple[Query, Note]:
    """A query and a note of this grade."""
    query = _query(label, rng)
    if label == "irrelevant" and rng.random() < EVERYDAY_SHARE:
        return query, Note(product=None)
    note = _note(query, _subject(label, query, rng), label, rng)
    assert grade(query, note) == label, f"{query} and {note} are not {label}"
    return query, note


def _query(label: str, rng: random.Random) -> Query:
    product = rng.choice(list(PRODUCTS))
    family = PRODUCTS[product].family
    count = rng.choices(range(4), CONDITIONS[label])[0]
    limit = None
    if count and rng.random() < LIMIT_SHARE:
        count -= 1
        low, high = FAMILIES[family].prices
        limit = rng.choice([limit for limit in LIMITS if low < limit < high])
    kinds = rng.sample(FAMILIES[family].kinds, count)
    return Query(product, tuple(_wish(rng.choice(choices(family, kind)), rng) for kind in kinds), limit)


def _wish(trait: str, rng: random.Random) -> Claim:
    return Claim(trait, holds=not TRAITS[trait].without or rng.random() >= UNWANTED_SHARE)


def _subject(label: str, query: Query, rng: random.Random) -> str:
    """The product that the note is about."""
    family = PRODUCTS[query.product].family
    match label:
        case "related":
            return rng.choice([name for name in PRODUCTS if PRODUCTS[name].family == family and name != query.product])
        case "irrelevant":
            return rng.choice([name for name in PRODUCTS if PRODUCTS[name].family != family])
        case _:
            return query.product


def _note(query: Query, product: str, label: str, rng: random.Random) -> Note:
    """What the note claims about each thing asked for, and about one or two others."""
    family = PRODUCTS[product].family
    conditions: list[Claim | int] = [wish for wish in query.wishes if wish.trait in _possible(family)]
    conditions += [] if query.limit is None else [query.limit]
    failing = _failing(len(conditions), label, rng)
    claims, price, silent = [], None, set()
    for condition, fails in zip(conditions, failing, strict=True):
        if fails and rng.random() < MISSING_SHARE:
            silent.add("price" if isinstance(condition, int) else _kind(condition.trait))
        elif isinstance(condition, int):
            price = rng.randrange(condition + 1, 2 * condition) if fails else rng.randrange(condition // 2, condition + 1)
        else:
            claims.append(_denial(condition, family, rng) if fails else _confirmation(condition, family, rng))
    spoken = silent | {_kind(claim.trait) for claim in claims}
    free = [kind for kind in FAMILIES[family].kinds if _kind(choices(family, kind)[0]) not in spoken]
    claims += [_aimless(rng.choice(choices(family, kind)), rng) for kind in rng.sample(free, min(len(free), rng.choice((1, 1, 2))))]
    if price is None and "price" not in silent and rng.random() < PRICE_SHARE:
        price = rng.randrange(*FAMILIES[family].prices)
    rng.shuffle(claims)
    return Note(product, tuple(claims), price)


def _failing(count: int, label: str, rng: random.Random) -> list[bool]:
    """For each condition whether the note fails it."""
    if label == "exact":
        return [False] * count
    if label == "partial":
        bad = set(rng.sample(range(count), min(count, rng.choice((1, 1, 1, 2)))))
        return [i in bad for i in range(count)]
    return [rng.random() >= LUCKY_SHARE for _ in range(count)]


def _confirmation(wish: Claim, family: str, rng: random.Random) -> Claim:
    return wish if wish.holds or (TRAITS[wish.trait].no and rng.random() < 0.5) else _opposite(wish.trait, family, rng)


def _denial(wish: Claim, family: str, rng: random.Random) -> Claim:
    return _opposite(wish.trait, family, rng) if wish.holds else Claim(wish.trait, holds=True)


def _opposite(trait: str, family: str, rng: random.Random) -> Claim:
    """A claim that rules a trait out: another of its kind, or that it is not there."""
    rivals = [other for other in KINDS.get(trait, ()) if other != trait and other in _possible(family)]
    if rivals and (not TRAITS[trait].no or rng.random() < 0.5):
        return Claim(rng.choice(rivals), holds=True)
    return Claim(trait, holds=False)


def _aimless(trait: str, rng: random.Random) -> Claim:
    return Claim(trait, holds=not TRAITS[trait].no or rng.random() >= DENIED_SHARE)


def _possible(family: str) -> Sequence[str]:
    return [trait for kind in FAMILIES[family].kinds for trait in choices(family, kind)]


def _kind(trait: str) -> str:
    """Names a trait's kind; a feature is its own."""
    return KINDS.get(trait, (trait,))[0]
