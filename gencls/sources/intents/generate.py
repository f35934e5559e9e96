"""The recipe of the data set: intents whose frequencies fall evenly, in the grammar's order."""

import pandas as pd

from gencls.params import Split, SplitRows
from gencls.sources.generated import Recipe, splits
from gencls.sources.intents.compose import Composer
from gencls.sources.intents.grammar import INTENTS

LARGEST_TO_SMALLEST = 2.0
"""Rows of the most frequent intent per row of the rarest; the others lie between."""

ROWS = SplitRows(train=3000, validation=500, test=1000)
"""By default."""

RECIPE = Recipe(
    name="intents",
    weights={label: LARGEST_TO_SMALLEST - (LARGEST_TO_SMALLEST - 1) * i / (len(INTENTS) - 1) for i, label in enumerate(INTENTS)},
    confusable={label: intent.confusable for label, intent in INTENTS.items()},
    writer=Composer,
)


def generate(rows: SplitRows, *, noise: float, seed: int) -> dict[Split, pd.DataFrame]:
    """Splits of distinct messages, see `gencls.sources.generated.splits`."""
    return splits(RECIPE, rows, noise=noise, seed=seed)
