"""What several seeds of an arm say together, and whether one arm beats another over all of them.

- Intervals in brackets come from resampling test rows, each with its hits under all seeds at once; with one seed that is the plain
  bootstrap interval. They say how far another test set might differ.
- `±` is the half-width of the 95 % t interval over the seeds' own values: how far other seeds might differ. One seed says nothing of it.
- Seeds with other numbers of test rows have rows of their own: each is resampled for itself, and its rows are observations of their own.
- The paired test takes a row, with all its seeds, as one observation, because the same row under two seeds is not two rows: under the null
  hypothesis each row's difference d (right answers of a minus those of b, summed over seeds) could as well be -d. Exact, two-sided; with
  one seed it is McNemar's exact test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

import numpy as np

from gencls import metrics
from gencls.arrays import Floats
from gencls.tables.runs import Record, stacked

RESAMPLES = 1000


@dataclass(frozen=True)
class Difference:
    """Accuracy of one arm minus that of another, a share, over the seeds that both have."""

    points: float
    ci: tuple[float, float]
    p: float
    seeds: int


def half_width(values: Sequence[float]) -> float | None:
    """Of the 95 % t interval of their mean; None for a single value."""
    from scipy.stats import t  # slow to import, and only tables over several seeds need it

    if len(values) < 2:
        return None
    return float(t.ppf(0.975, len(values) - 1)) * stdev(values) / float(np.sqrt(len(values)))


def mean_over_seeds(groups: Sequence[Floats]) -> float:
    """Each seed counts the same, however many rows it has."""
    return float(np.mean([value for group_SN in groups for value in group_SN.mean(axis=1)]))


def resampled(groups: Sequence[Floats], resamples: int = RESAMPLES) -> Floats:
    """(resamples,) means over drawn rows of `stacked` values, the seeds of a row together; equal numbers of rows are drawn alike."""
    weights = [len(group_SN) for group_SN in groups]
    draws = [_draws(group_SN.mean(axis=0), resamples) for group_SN in groups]
    means: Floats = np.average(draws, axis=0, weights=weights)
    return means


def _draws(values: Floats, resamples: int) -> Floats:
    drawn = np.random.default_rng(7).integers(len(values), size=(resamples, len(values)))
    means: Floats = values[drawn].mean(axis=1)
    return means


def interval(means: Floats) -> tuple[float, float]:
    """The middle 95 %."""
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(low), 6), round(float(high), 6)


def difference(pairs: Sequence[tuple[Record, Record]]) -> Difference | None:
    """`pairs` has both arms of every seed that has both; None without any."""
    if not pairs:
        return None
    both = zip(stacked([a for a, _ in pairs]), stacked([b for _, b in pairs]), strict=True)
    groups = [a_SN - b_SN for a_SN, b_SN in both]
    p = flip_test(np.concatenate([d_SN.sum(axis=0) for d_SN in groups]))
    return Difference(round(mean_over_seeds(groups), 6), interval(resampled(groups)), p, len(pairs))


def flip_test(differences: Floats) -> float:
    """P(|Σ ±d| >= |Σ d|) with every sign a fair coin: exact, from the binomials of the rows of each size, convolved."""
    from scipy.stats import binom

    sums = np.ones(1)
    for size, count in zip(*np.unique(np.abs(differences[differences != 0]).astype(int), return_counts=True), strict=True):
        spread = np.zeros(2 * size * count + 1)
        spread[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        sums = np.convolve(sums, spread)
    reach = len(sums) // 2
    far = np.abs(np.arange(-reach, reach + 1)) >= abs(round(float(differences.sum())))
    return min(1.0, round(float(sums[far].sum()), metrics.DIGITS))


def holm(found: Sequence[Difference | None]) -> list[Difference | None]:
    """The same with p adjusted for their number."""
    adjusted = metrics.holm([None if one is None else one.p for one in found])
    return [None if one is None else replace(one, p=p if p is not None else one.p) for one, p in zip(found, adjusted, strict=True)]


def average(values: Sequence[float]) -> float:
    """Their mean, to six digits."""
    return round(mean(values), 6)
