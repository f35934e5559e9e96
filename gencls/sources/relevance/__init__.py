"""Data set `relevance`: a search query and a short post in one text, and how relevant the post is, in four grades.

It stands in for the private search-correlation set of the GenCLS++ paper. The grade follows from the relation between the two parts: the
same words make an exact pair or an irrelevant one, according to which part they stand in and what is said of them. The card with measured
baselines: data/raw/relevance/README.md.
"""

from gencls.sources.relevance.generate import ROWS, generate
from gencls.sources.relevance.relation import GRADES

DEFINITIONS: dict[str, str] = {label: GRADES[label] for label in sorted(GRADES)}
"""One line per label."""

__all__ = ["DEFINITIONS", "ROWS", "generate"]
