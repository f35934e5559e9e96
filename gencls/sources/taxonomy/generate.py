"""The recipe of the data set: leaves whose frequencies fall as in Zipf's law."""

import pandas as pd

from gencls.params import Split, SplitRows
from gencls.sources.generated import Recipe, splits
from gencls.sources.taxonomy.compose import Composer
from gencls.sources.taxonomy.tree import LEAVES, TOPS

ROWS = SplitRows(train=4000, validation=800, test=1500)
"""By default; with fewer the rarest leaves would have too few to learn from."""
FLATTENING = 2
"""Added to each rank in Zipf's law, so that the largest leaf has no more than some twenty times the rows of the rarest."""


def _zipf() -> dict[str, float]:
    """Leaf → frequency: the first leaves of all tops are the most frequent, then the second ones, and so on."""
    most = max(len(top.leaves) for top in TOPS.values())
    by_rank = [f"{name}/{list(top.leaves)[i]}" for i in range(most) for name, top in TOPS.items() if i < len(top.leaves)]
    return {label: 1 / (rank + FLATTENING) for rank, label in enumerate(by_rank, start=1)}


RECIPE = Recipe(
    name="taxonomy",
    weights=_zipf(),
    confusable={label: [other for other in LEAVES if other != label and other.split("/")[0] == label.split("/")[0]] for label in LEAVES},
    writer=Composer,
)


def generate(rows: SplitRows, *, noise: float, seed: int) -> dict[Split, pd.DataFrame]:
    """Splits of distinct queries, see `gencls.sources.generated.splits`."""
    return splits(RECIPE, rows, noise=noise, seed=seed)
