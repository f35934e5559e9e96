"""The tree: data only. compose.py makes queries of it."""

from gencls.sources.taxonomy.tree.beauty import BEAUTY
from gencls.sources.taxonomy.tree.books import BOOKS
from gencls.sources.taxonomy.tree.clothing import CLOTHING
from gencls.sources.taxonomy.tree.electronics import ELECTRONICS
from gencls.sources.taxonomy.tree.furniture import FURNITURE
from gencls.sources.taxonomy.tree.garden import GARDEN
from gencls.sources.taxonomy.tree.kitchen import KITCHEN
from gencls.sources.taxonomy.tree.leaf import Leaf, Top
from gencls.sources.taxonomy.tree.music import MUSIC
from gencls.sources.taxonomy.tree.pets import PETS
from gencls.sources.taxonomy.tree.sports import SPORTS
from gencls.sources.taxonomy.tree.toys import TOYS

TOPS: dict[str, Top] = {
    "electronics": ELECTRONICS,
    "clothing": CLOTHING,
    "kitchen": KITCHEN,
    "furniture": FURNITURE,
    "sports": SPORTS,
    "beauty": BEAUTY,
    "toys": TOYS,
    "books": BOOKS,
    "pets": PETS,
    "garden": GARDEN,
    "music": MUSIC,
}

LEAVES: dict[str, Leaf] = {f"{top}/{name}": leaf for top, branch in TOPS.items() for name, leaf in branch.leaves.items()}
"""Label → leaf."""

__all__ = ["LEAVES", "TOPS", "Leaf", "Top"]
