"""The catalogue: data only. A *kind* is a set of traits that rule each other out (colours); a feature is a kind of one trait."""

from gencls.sources.relevance.catalogue.features import FEATURES
from gencls.sources.relevance.catalogue.looks import COLOURS, MATERIALS
from gencls.sources.relevance.catalogue.products import FAMILIES, PRODUCTS, Family, Product
from gencls.sources.relevance.catalogue.purposes import AUDIENCES, SEASONS, SIZES
from gencls.sources.relevance.catalogue.trait import Trait

_CHOICES = {"colour": COLOURS, "material": MATERIALS, "season": SEASONS, "size": SIZES, "audience": AUDIENCES}

TRAITS: dict[str, Trait] = {name: trait for kind in (*_CHOICES.values(), FEATURES) for name, trait in kind.items()}

KINDS: dict[str, tuple[str, ...]] = {name: tuple(kind) for kind in _CHOICES.values() for name in kind}
"""Trait → all traits of its kind; features are not in it."""


def choices(family: str, kind: str) -> tuple[str, ...]:
    """Traits of a kind that a family's products may have."""
    if kind == "material":
        return FAMILIES[family].materials
    return tuple(_CHOICES[kind]) if kind in _CHOICES else (kind,)


__all__ = ["FAMILIES", "KINDS", "PRODUCTS", "TRAITS", "Family", "Product", "Trait", "choices"]
