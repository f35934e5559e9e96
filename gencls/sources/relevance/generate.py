"""The recipe of the data set: four grades, nearly as many rows of each."""

import pandas as pd

from gencls.params import Split, SplitRows
from gencls.sources.generated import Recipe, splits
from gencls.sources.relevance.compose import Composer

ROWS = SplitRows(train=3000, validation=500, test=1000)
"""By default."""

RECIPE = Recipe(
    name="relevance",
    weights={"exact": 0.22, "partial": 0.29, "related": 0.23, "irrelevant": 0.26},
    confusable={"exact": ("partial",), "partial": ("exact", "related"), "related": ("partial", "irrelevant"), "irrelevant": ("related",)},
    writer=Composer,
)


def generate(rows: SplitRows, *, noise: float, seed: int) -> dict[Split, pd.DataFrame]:
    """Splits of distinct pairs, see `gencls.sources.generated.splits`."""
    return splits(RECIPE, rows, noise=noise, seed=seed)
