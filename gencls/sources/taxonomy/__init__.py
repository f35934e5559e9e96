"""Data set `taxonomy`: short product queries, each with a leaf of a tree of eleven tops and sixty-six leaves, written as a path.

It stands in for the private query-taxonomy set of the GenCLS++ paper: many classes of very different sizes whose names share their
beginnings. Some queries name no product but a need or an invented brand, some hold a word of another leaf or a word with two meanings.
The card with measured baselines: data/raw/taxonomy/README.md.
"""

from gencls.sources.taxonomy.generate import ROWS, generate
from gencls.sources.taxonomy.tree import LEAVES

DEFINITIONS: dict[str, str] = {label: LEAVES[label].definition for label in sorted(LEAVES)}
"""One line per label."""

__all__ = ["DEFINITIONS", "ROWS", "generate"]
