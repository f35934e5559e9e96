"""Two sets of rows compared: per measure an effect size, which says how much differs, and a test, which says whether it could be chance.

    labels              predicted labels: population stability index; chi-square test of homogeneity
    confidence          Kolmogorov-Smirnov: the largest distance between the two cumulative distributions; two-sample test
    abstained           share of rows that are left to a person, new minus validation; Fisher's exact test
    unseen_characters   mean share of a text's characters that no training text has, new minus validation; Welch's t-test
    unseen_tokens       the same of tokens

The population stability index is the sum over labels of (new - old) · ln(new / old) of their shares, with half a row added to each label,
so that a label which is absent on one side does not make it infinite; by custom 0.1 is a small and 0.25 a large shift. Chance alone makes
it about (labels - 1) · (1 / rows + 1 / validation rows), which is why an effect counts only where its test rejects chance. With many rows
any difference is beyond chance, which is why a test counts only where the effect is above its limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gencls.arrays import Floats

Counts = NDArray[np.int64]

LEAST = 5.0
"""Expected rows that a label must have for the chi-square test (Cochran 1954); rarer ones are taken together."""

FEWEST = 5
"""Rows for a t-test: of two or three, equal by chance, it would be sure (at p < 0.01 it then errs in 7 and 2 of 100, of five in 0.1)."""

SAID = {
    "labels": "shift of the label distribution",
    "confidence": "shift of the confidence",
    "abstained": "rise of abstentions",
    "unseen_characters": "rise of unseen characters",
    "unseen_tokens": "rise of unseen tokens",
}


@dataclass(frozen=True)
class Measure:
    """One comparison."""

    name: str
    """Key of `score` in params.yaml that limits it."""
    effect: float
    p: float
    limit: float
    alpha: float

    @property
    def exceeded(self) -> bool:
        """Above the limit and beyond chance."""
        return self.effect > self.limit and self.p < self.alpha


def compare(validation: pd.DataFrame, new: pd.DataFrame, limits: Mapping[str, float], alpha: float) -> list[Measure]:
    """All measures of two tables of `gencls.drift.reading.Readings.frame`, neither empty; `limits` has an entry for each."""
    _, old_K, new_K = counts(validation["predicted"], new["predicted"])
    abstained = [np.array([(~frame["abstained"]).sum(), frame["abstained"].sum()]) for frame in (validation, new)]
    found = {
        "labels": (stability_index(old_K, new_K), chi_square(old_K, new_K)),
        "confidence": kolmogorov_smirnov(validation["confidence"].to_numpy(), new["confidence"].to_numpy()),
        "abstained": (float(new["abstained"].mean() - validation["abstained"].mean()), float(stats.fisher_exact(abstained).pvalue)),
    }
    for name in ("unseen_characters", "unseen_tokens"):
        found[name] = rise(validation[name].to_numpy(), new[name].to_numpy())
    return [Measure(name, effect, p, limits[name], alpha) for name, (effect, p) in found.items()]


def counts(old: pd.Series, new: pd.Series) -> tuple[list[str], Counts, Counts]:
    """Labels, and rows per label on both sides; no label is one too, the empty string."""
    labels = sorted({*_named(old), *_named(new)})
    position = {label: i for i, label in enumerate(labels)}
    old_K, new_K = (np.bincount([position[label] for label in _named(side)], minlength=len(labels)) for side in (old, new))
    return labels, old_K, new_K


def _named(labels: pd.Series) -> list[str]:
    return list(labels.fillna(""))


def stability_index(old_K: Counts, new_K: Counts) -> float:
    """Population stability index of two histograms, half a row added to each bin."""
    old, new = ((side_K + 0.5) / (side_K + 0.5).sum() for side_K in (old_K, new_K))
    return float(((new - old) * np.log(new / old)).sum())


def chi_square(old_K: Counts, new_K: Counts) -> float:
    """p of the chi-square test that both histograms are draws of one; 1 where fewer than two bins have enough rows."""
    table = np.stack([old_K, new_K]).astype(np.float64)
    both_K = table.sum(axis=0)
    share = table.sum(axis=1).min() / table.sum()
    rare_K = both_K * share < LEAST
    table = np.column_stack([table[:, ~rare_K], table[:, rare_K].sum(axis=1)])
    table = table[:, table.sum(axis=0) * share >= LEAST]  # the rare ones together may still be few
    return float(stats.chi2_contingency(table, correction=False).pvalue) if table.shape[1] > 1 else 1.0


def kolmogorov_smirnov(old_N: Floats, new_M: Floats) -> tuple[float, float]:
    """(largest distance between the cumulative distributions, asymptotic two-sided p)."""
    found = stats.ks_2samp(old_N, new_M, method="asymp")
    return float(found.statistic), float(found.pvalue)


def rise(old_N: Floats, new_M: Floats) -> tuple[float, float]:
    """(mean of the new minus mean of the old, two-sided p of Welch's t-test, 1 where a side has too few rows to know its spread).

    Without any spread p says whether they are equal.
    """
    difference = float(new_M.mean() - old_N.mean())
    if min(len(old_N), len(new_M)) < FEWEST:
        return difference, 1.0
    if not (np.ptp(old_N) or np.ptp(new_M)):
        return difference, float(not difference)
    return difference, float(stats.ttest_ind(new_M, old_N, equal_var=False).pvalue)


def sentence(measures: Sequence[Measure]) -> str:
    """Which measure exceeded which threshold, or that none did."""
    exceeded = [f"{SAID[m.name]} {m.effect:.3f} is above score.{m.name} {m.limit:g}" for m in measures if m.exceeded]
    return f"drift: {', '.join(exceeded)}" if exceeded else "no measure is above its threshold"
