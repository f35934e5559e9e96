"""What a probability is worth and how to act on it: temperature, reliability, risk against coverage, a threshold. No torch here.

Temperature (Guo et al. 2017, "On calibration of modern neural networks"): one number T > 0, chosen on validation, divides the label
log-probabilities before they are normalised: softmax(log p / T). T > 1 softens, T < 1 sharpens. The likeliest label stays the likeliest, so
no answer changes; the order of the rows by confidence may.

Selective classification (Geifman & El-Yaniv 2017, "Selective classification for deep neural networks"): answer only the rows whose
confidence is at least a threshold. Coverage is the share of rows that are answered, risk the share of wrong answers among them, precision
is 1 - risk. Rows of equal confidence are answered together or not at all: no threshold can part them.

Confidence is the probability of the predicted label, as in gencls/metrics.py. Legend of axes: N rows, L labels, K distinct confidences.
"""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from gencls.arrays import Floats, Ints
from gencls.metrics import bin_numbers

Bools = NDArray[np.bool_]

TEMPERATURES = (0.05, 20.0)
"""Coldest and hottest temperature that is fitted."""
FEWEST = 30
"""No threshold is chosen that answers fewer rows: were all of 29 right, the lower bound of their precision would be 0.90 all the same."""
LEVEL = 0.95
"""Of the intervals and bounds below; they are exact (Clopper & Pearson 1934), so they cover at least this much, and hold for few rows."""


def fit_temperature(log_probabilities_NL: Floats, gold_N: Ints) -> float:
    """The temperature T that minimises the mean negative log-likelihood of softmax(log p / T) on validation rows.

    With b = 1 / T and scores z the loss, mean of log sum_c exp(b z_c) - b z_gold, is convex in b. Its slope, mean of E_p[z] - z_gold,
    rises with b, so T is where the slope crosses zero: found by bracketing, to machine precision, without a start value or a step size.

    A constant added to a row changes nothing, so log-probabilities need not sum to 1 within the label set. Where data decides nothing:
    - no row's gold label lies below another (all right, one right row, one class): sharpening never hurts, T → 0; 1.0 is returned, for
      that a model made no mistake on these rows is no reason to be certain on others;
    - a T outside `TEMPERATURES` would be better: the nearer bound (the hot one where gold labels score no better than the mean label);
    - a gold label of log-probability -inf has infinite loss at every T: its row is left out; of another label it is fine.

    Args:
        log_probabilities_NL: log p(label | prompt), up to a constant per row.
        gold_N: positions of the gold labels.

    Raises:
        ValueError: no rows, shapes that do not fit, a gold label out of range, NaN or +inf, or a row without any finite score.
    """
    _check_scores(log_probabilities_NL, gold_N)
    rows = np.flatnonzero(np.isfinite(log_probabilities_NL[np.arange(len(gold_N)), gold_N]))
    scores_NL = log_probabilities_NL[rows] - log_probabilities_NL[rows].max(axis=1, keepdims=True)
    gold_score_N = scores_NL[np.arange(len(rows)), gold_N[rows]]
    if not gold_score_N.any():
        return 1.0
    finite_NL = np.where(np.isfinite(scores_NL), scores_NL, 0.0)  # a label of probability 0 adds 0, not 0 · inf

    def slope(inverse: float) -> float:
        expected_N = (softmax(inverse * scores_NL, axis=1) * finite_NL).sum(axis=1)
        return float((expected_N - gold_score_N).mean())

    coldest, hottest = TEMPERATURES
    if slope(1 / coldest) <= 0:
        return coldest
    if slope(1 / hottest) >= 0:
        return hottest
    from scipy.optimize import brentq  # slow to import, and a finished model fits nothing

    return float(1 / brentq(slope, 1 / hottest, 1 / coldest))


def apply_temperature(log_probabilities_NL: Floats, temperature: float) -> Floats:
    """(N, L) probabilities within the label set, softmax(log p / T); rows sum to 1. T = 1 leaves them as scored.

    Raises:
        ValueError: the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature is above 0, not {temperature}")
    probabilities_NL: Floats = softmax(log_probabilities_NL / temperature, axis=1)
    return probabilities_NL


class Bin(TypedDict):
    """Rows whose confidence is in (low, high]; what was not measured on an empty bin is None."""

    low: float
    high: float
    rows: int
    confidence: float | None
    """Mean."""
    accuracy: float | None
    ci: list[float] | None
    """Of the accuracy, two-sided."""


def reliability(confidence_N: Floats, correct_N: Bools, bins: int) -> list[Bin]:
    """Accuracy against mean confidence in each of the bins that the ECE of gencls/metrics.py uses (Guo et al. 2017), empty ones too.

    ECE = sum over bins of (rows / N) · |accuracy - confidence|.

    Raises:
        ValueError: no rows, lengths that differ, or a confidence that is no probability.
    """
    _check_rows(confidence_N, correct_N)
    bin_N = bin_numbers(confidence_N, bins)
    return [_bin(k / bins, (k + 1) / bins, confidence_N[bin_N == k], correct_N[bin_N == k]) for k in range(bins)]


def _bin(low: float, high: float, confidence_N: Floats, correct_N: Bools) -> Bin:
    rows, hits = len(correct_N), int(correct_N.sum())
    if not rows:
        return {"low": low, "high": high, "rows": 0, "confidence": None, "accuracy": None, "ci": None}
    from scipy.stats import binomtest

    bounds = binomtest(hits, rows).proportion_ci(LEVEL)
    ci = [float(bounds.low), float(bounds.high)]
    return {"low": low, "high": high, "rows": rows, "confidence": float(confidence_N.mean()), "accuracy": hits / rows, "ci": ci}


@dataclass(frozen=True)
class RiskCoverage:
    """Selective risk at every threshold that makes a difference, from the strictest to the one that answers all.

    Attributes:
        threshold: (K,) confidences, falling; rows at or above are answered.
        coverage: (K,) share of rows answered; rises to 1.
        risk: (K,) share of wrong answers among them; ends at the error rate.
    """

    threshold: Floats
    coverage: Floats
    risk: Floats

    def thinned(self, points: int) -> "RiskCoverage":
        """At most `points` steps for a plot, evenly spread over the coverage, the last one kept.

        Of a long curve the first, jagged steps of a few rows go: they show chance.
        """
        if len(self.coverage) <= points:
            return self
        kept = np.unique(np.searchsorted(self.coverage, np.linspace(0, 1, points + 1)[1:]))
        return RiskCoverage(self.threshold[kept], self.coverage[kept], self.risk[kept])


def risk_coverage(confidence_N: Floats, correct_N: Bools) -> RiskCoverage:
    """The risk-coverage curve of Geifman & El-Yaniv (2017), one step per distinct confidence.

    Raises:
        ValueError: as `reliability`.
    """
    _check_rows(confidence_N, correct_N)
    threshold_K, answered_K, hits_K = _steps(confidence_N, correct_N)
    return RiskCoverage(threshold_K, answered_K / len(correct_N), 1 - hits_K / answered_K)


class OperatingPoint(TypedDict):
    """What answering only at or above a threshold gives on some rows."""

    threshold: float
    coverage: float
    precision: float | None
    """Of the answered rows; None where none is."""
    precision_low: float | None
    """One-sided lower bound of the precision."""


def operating_point(confidence_N: Floats, correct_N: Bools, threshold: float) -> OperatingPoint:
    """Coverage and precision of the rows whose confidence is at least the threshold: of one chosen on validation, on the test rows.

    Raises:
        ValueError: as `reliability`.
    """
    _check_rows(confidence_N, correct_N)
    answered_N = confidence_N >= threshold
    answered, hits = int(answered_N.sum()), int(correct_N[answered_N].sum())
    coverage = answered / len(correct_N)
    if not answered:
        return {"threshold": threshold, "coverage": coverage, "precision": None, "precision_low": None}
    from scipy.stats import binomtest

    low = float(binomtest(hits, answered, alternative="greater").proportion_ci(LEVEL).low)
    return {"threshold": threshold, "coverage": coverage, "precision": hits / answered, "precision_low": low}


def abstention_threshold(confidence_N: Floats, correct_N: Bools, precision: float) -> OperatingPoint | None:
    """The lowest threshold at which the answered validation rows have the wanted precision: of all that do, it answers the most.

    Candidates are the confidences that occur, each taking all rows of its tie, and answering at least `FEWEST` rows. Precision need not
    rise with the threshold, so a stricter one may miss it again. None where no candidate reaches it. The lower bound is that of a threshold
    given beforehand; this one was picked on the same rows, so the precision on other rows (`operating_point`) leans lower.

    Raises:
        ValueError: as `reliability`, or the precision is not in (0, 1].
    """
    _check_rows(confidence_N, correct_N)
    if not 0 < precision <= 1:
        raise ValueError(f"a precision is above 0 and at most 1, not {precision}")
    threshold_K, answered_K, hits_K = _steps(confidence_N, correct_N)
    reached = np.flatnonzero((answered_K >= FEWEST) & (hits_K / answered_K >= precision))
    return operating_point(confidence_N, correct_N, float(threshold_K[reached[-1]])) if len(reached) else None


def _steps(confidence_N: Floats, correct_N: Bools) -> tuple[Floats, Ints, Floats]:
    """Distinct confidences, falling, with the rows at or above each and the right ones among them: (K,) each."""
    negative_K, step_N = np.unique(-confidence_N, return_inverse=True)
    return -negative_K, np.bincount(step_N).cumsum(), np.bincount(step_N, weights=correct_N).cumsum()


def _check_rows(confidence_N: Floats, correct_N: Bools) -> None:
    if not len(confidence_N):
        raise ValueError("no rows")
    if len(confidence_N) != len(correct_N):
        raise ValueError(f"{len(confidence_N)} confidences but {len(correct_N)} answers")
    wrong_N = confidence_N[~((confidence_N >= 0) & (confidence_N <= 1 + 1e-9))]
    if len(wrong_N):
        raise ValueError(f"a confidence is a probability, not {wrong_N[0]}; a decoding without probabilities has no calibration")


def _check_scores(log_probabilities_NL: Floats, gold_N: Ints) -> None:
    if log_probabilities_NL.ndim != 2 or len(log_probabilities_NL) != len(gold_N):
        raise ValueError(f"log-probabilities have shape {log_probabilities_NL.shape}, expected ({len(gold_N)}, labels)")
    if not len(gold_N):
        raise ValueError("no rows to fit a temperature on")
    labels = log_probabilities_NL.shape[1]
    if gold_N.min() < 0 or gold_N.max() >= labels:
        raise ValueError(f"gold labels are numbers from 0 to {labels - 1}, not {gold_N.min()} to {gold_N.max()}")
    highest_N = log_probabilities_NL.max(axis=1)  # NaN where any is
    if not np.isfinite(highest_N).all():
        row = int(np.flatnonzero(~np.isfinite(highest_N))[0])
        raise ValueError(f"row {row} has no usable log-probabilities: {log_probabilities_NL[row].tolist()}")
