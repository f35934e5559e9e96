"""What a classifier is worth (accuracy and macro-F1 with intervals, log-loss, calibration, confusion), and whether one beats another.

Every stage that measures or rewards an answer calls `correct`, and every number of the report comes from `evaluate` or `paired`.
No torch here: the baselines, the report and the tests of all of them stay light.

Conventions
- A prediction of None left the label set: it is wrong, counts in `invalid_share`, and stands in the last column of the confusion.
- F1 of class c = 2·tp / (support + predicted). Macro-F1 is its mean over the classes that occur in the gold labels or in the
  predictions; on a class that occurs in neither nothing was measured, and it is left out (its row of `per_class` is all zeros).
- Log-loss = mean of -log p(gold), p clipped to [1e-6, 1]: the six digits of the predictions file give the same number again.
- Confidence is the probability of the predicted label, 0 outside the label set. ECE = sum over equal-width bins of
  (rows in bin / rows) · |accuracy - mean confidence| (Guo et al. 2017, "On calibration of modern neural networks").
- Intervals are 95 % percentile bootstrap intervals over test rows. They say how far another test set of this size might differ, not
  another seed of the training. With many classes of a few rows each, that of macro-F1 leans low: resamples lose such rows.
- Rows that share (gold, predicted) are interchangeable, so resampling rows is one multinomial draw over the occupied cells of the
  confusion; for pairs, over (gold, a, b).
"""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from gencls.arrays import Floats, Ints

DIGITS = 6
CLIP = 1e-6
SURE = 0.05
"""Two-sided p below which a difference is called more than chance."""


class ClassRecord(TypedDict):
    """One class of the label set."""

    precision: float
    recall: float
    f1: float
    support: int


class Record(TypedDict):
    """All that is measured on one set of predictions."""

    rows: int
    accuracy: float
    accuracy_ci: list[float]
    macro_f1: float
    macro_f1_ci: list[float]
    log_loss: float | None
    ece: float | None
    invalid_share: float
    per_class: dict[str, ClassRecord]
    confusion: list[list[int]]


class Scores(TypedDict):
    """What a cell of the grid is judged by."""

    accuracy: float
    macro_f1: float
    invalid_share: float


class Difference(TypedDict):
    """First arm minus second; `p` is None where no exact test exists."""

    difference: float
    ci: list[float]
    p: float | None


class Paired(TypedDict):
    """Two arms on the same rows."""

    accuracy: Difference
    macro_f1: Difference
    relative: Difference
    """The accuracy's difference as a share of the second arm's accuracy, which counts as one right row at least."""


def correct(predicted: str | None, gold: str) -> bool:
    """Whether an answer is right: the very label. Shared by reward, metric and report, so that they cannot drift apart."""
    return predicted == gold


def evaluate(  # noqa: PLR0913  # three inputs and four settings, all of them named at the call
    gold: Sequence[str],
    predicted: Sequence[str | None],
    probabilities: Floats | None,
    *,
    labels: Sequence[str],
    bootstrap: int,
    bins: int,
    seed: int,
) -> Record:
    """Measure predictions; `probabilities` has one row per prediction and one column per label, in the order of `labels`.

    Raises:
        ValueError: lengths differ, there are no rows, or a label is not in `labels`.
    """
    gold_N, predicted_N = codes(gold, labels, "gold"), codes(predicted, labels, "predicted")
    _check(gold_N, predicted_N, probabilities, len(labels))
    confusion = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    np.add.at(confusion, (gold_N, predicted_N), 1)
    cells, draws = _resamples(np.stack([gold_N, predicted_N], axis=1), bootstrap, seed)
    accuracy = _accuracy(cells[:, 0], cells[:, 1], draws)
    macro_f1 = _macro_f1(cells[:, 0], cells[:, 1], draws, len(labels))
    return {
        "rows": len(gold_N),
        "accuracy": _round(accuracy[0]),
        "accuracy_ci": _interval(accuracy[1:]) if 0 < accuracy[0] < 1 else _exact(bool(accuracy[0]), len(gold_N)),
        "macro_f1": _round(macro_f1[0]),
        "macro_f1_ci": _interval(macro_f1[1:]),
        "log_loss": None if probabilities is None else _round(_log_loss(gold_N, probabilities)),
        "ece": None if probabilities is None else _round(_ece(gold_N == predicted_N, confidence(predicted_N, probabilities), bins)),
        "invalid_share": _round((predicted_N == len(labels)).mean()),
        "per_class": _per_class(confusion, labels),
        "confusion": confusion.tolist(),
    }


def score(gold: Sequence[str], predicted: Sequence[str | None], *, labels: Sequence[str]) -> Scores:
    """`evaluate` without intervals and details: a grid has hundreds of cells."""
    codes_N2 = np.stack([codes(gold, labels, "gold"), codes(predicted, labels, "predicted")], axis=1)
    cells, draws = _resamples(codes_N2, 0, 0)
    return {
        "accuracy": _round(_accuracy(cells[:, 0], cells[:, 1], draws)[0]),
        "macro_f1": _round(_macro_f1(cells[:, 0], cells[:, 1], draws, len(labels))[0]),
        "invalid_share": _round((codes_N2[:, 1] == len(labels)).mean()),
    }


def paired(gold: Sequence[str], a: Sequence[str | None], b: Sequence[str | None], *, bootstrap: int, seed: int) -> Paired:
    """Compare two arms on the same rows, `a` minus `b`.

    Accuracy: two-sided exact McNemar test (a binomial test on the rows that exactly one arm got right) and a paired bootstrap interval.
    Macro-F1: paired bootstrap interval only.
    """
    from scipy.stats import binomtest  # slow to import, and only the report compares

    labels = sorted({*gold, *(x for x in [*a, *b] if x is not None)})
    triples = np.stack([codes(gold, labels, "gold"), codes(a, labels, "predicted"), codes(b, labels, "predicted")], axis=1)
    cells, draws = _resamples(triples, bootstrap, seed)
    gold_K, a_K, b_K = cells.T
    second = _accuracy(gold_K, b_K, draws)
    accuracy = _accuracy(gold_K, a_K, draws) - second
    relative = accuracy / np.maximum(second, 1 / len(gold))
    macro_f1 = _macro_f1(gold_K, a_K, draws, len(labels)) - _macro_f1(gold_K, b_K, draws, len(labels))
    only_a = int(draws[0, (a_K == gold_K) & (b_K != gold_K)].sum())
    only_b = int(draws[0, (b_K == gold_K) & (a_K != gold_K)].sum())
    p = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return {
        "accuracy": {"difference": _round(accuracy[0]), "ci": _interval(accuracy[1:]), "p": _round(p)},
        "macro_f1": {"difference": _round(macro_f1[0]), "ci": _interval(macro_f1[1:]), "p": None},
        "relative": {"difference": _round(relative[0]), "ci": _interval(relative[1:]), "p": None},
    }


def beyond_chance(p: float | None) -> bool:
    """Whether a difference is called more than chance; one that was not tested is not."""
    return p is not None and p < SURE


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number, in the given order: of those below 0.05, one or more is mere chance in 5 % of cases at most.

    With p(1) <= … <= p(m) the adjusted p(i) is the maximum over j <= i of min(1, (m - j + 1) · p(j)): step-down, under any dependence
    between the tests (Holm 1979, "A simple sequentially rejective multiple test procedure"). None, an untested comparison, stays None
    and does not count towards m.

    Raises:
        ValueError: a p is not between 0 and 1.
    """
    known = [i for i, p in enumerate(p_values) if p is not None]
    p_M = np.array([p_values[i] for i in known], dtype=np.float64)
    if not ((p_M >= 0) & (p_M <= 1)).all():
        raise ValueError(f"p-values lie between 0 and 1: {p_M.tolist()}")
    order_M = np.argsort(p_M, kind="stable")
    raised_M = np.maximum.accumulate(np.minimum(1.0, p_M[order_M] * np.arange(len(p_M), 0, -1)))
    adjusted: list[float | None] = [None] * len(p_values)
    for rank, place in enumerate(order_M):
        adjusted[known[place]] = _round(raised_M[rank])
    return adjusted


def bin_numbers(confidence_N: Floats, bins: int) -> Ints:
    """(N,) which of the equal-width bins each confidence is in: bin k holds (k / bins, (k + 1) / bins]; 0 falls into the first."""
    number_N: Ints = np.clip(np.ceil(confidence_N * bins).astype(np.int64) - 1, 0, bins - 1)
    return number_N


def codes(values: Sequence[str | None], labels: Sequence[str], what: str) -> Ints:
    """(N,) positions in `labels`; of predictions a None gets the position after the last.

    Args:
        what: `gold` or `predicted`.

    Raises:
        ValueError: a value is no label.
    """
    position: dict[str | None, int] = {label: i for i, label in enumerate(labels)}
    if what == "predicted":
        position[None] = len(labels)
    unknown = sorted({str(value) for value in values if value not in position})
    if unknown:
        raise ValueError(f"{what} label {unknown[0]!r} is not in the label set: {', '.join(labels)}")
    return np.array([position[value] for value in values], dtype=np.int64)


def _check(gold_N: Ints, predicted_N: Ints, probabilities: Floats | None, labels: int) -> None:
    if not len(gold_N):
        raise ValueError("no rows to evaluate")
    if len(gold_N) != len(predicted_N):
        raise ValueError(f"{len(gold_N)} gold labels but {len(predicted_N)} predictions")
    if probabilities is not None and probabilities.shape != (len(gold_N), labels):
        raise ValueError(f"probabilities have shape {probabilities.shape}, expected {(len(gold_N), labels)} (rows, labels)")


def _resamples(rows: Ints, bootstrap: int, seed: int) -> tuple[Ints, Floats]:
    """Distinct rows (K, columns) and how often each was drawn (1 + bootstrap, K); the first draw is the sample itself."""
    cells, counts = np.unique(rows, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(rows), counts / len(rows), size=bootstrap)
    return cells, np.vstack([counts, draws]).astype(np.float64)


def _accuracy(gold_K: Ints, predicted_K: Ints, draws_BK: Floats) -> Floats:
    accuracy: Floats = draws_BK @ (gold_K == predicted_K).astype(np.float64) / draws_BK.sum(axis=1)
    return accuracy


def _macro_f1(gold_K: Ints, predicted_K: Ints, draws_BK: Floats, labels: int) -> Floats:
    """Per draw; the code after the last label is no class, so leaving the label set costs recall and nobody's precision."""
    is_gold_KL = gold_K[:, None] == np.arange(labels)
    is_predicted_KL = predicted_K[:, None] == np.arange(labels)
    hits_BL = draws_BK @ (is_gold_KL & is_predicted_KL).astype(np.float64)
    occurrences_BL = draws_BK @ (is_gold_KL.astype(np.float64) + is_predicted_KL)
    present_BL = occurrences_BL > 0
    f1_BL = np.divide(2 * hits_BL, occurrences_BL, out=np.zeros_like(hits_BL), where=present_BL)
    mean: Floats = f1_BL.sum(axis=1) / present_BL.sum(axis=1)
    return mean


def _per_class(confusion: Ints, labels: Sequence[str]) -> dict[str, ClassRecord]:
    hits, support, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        label: {
            "precision": _ratio(hits[i], predicted[i]),
            "recall": _ratio(hits[i], support[i]),
            "f1": _ratio(2 * hits[i], support[i] + predicted[i]),
            "support": int(support[i]),
        }
        for i, label in enumerate(labels)
    }


def _log_loss(gold_N: Ints, probabilities: Floats) -> float:
    p_N = probabilities[np.arange(len(gold_N)), gold_N]
    return float(-np.log(np.clip(p_N, CLIP, 1)).mean())


def confidence(predicted_N: Ints, probabilities: Floats) -> Floats:
    """(N,) probability of each answer; 0 outside the label set, which is the number after the last label's."""
    return np.append(probabilities, np.zeros((len(predicted_N), 1)), axis=1)[np.arange(len(predicted_N)), predicted_N]


def _ece(correct_N: NDArray[np.bool_], confidence_N: Floats, bins: int) -> float:
    gap_bins = np.bincount(bin_numbers(confidence_N, bins), weights=correct_N - confidence_N, minlength=bins)
    return float(np.abs(gap_bins).sum() / len(correct_N))


def _interval(values: Floats) -> list[float]:
    return [_round(x) for x in np.percentile(values, [2.5, 97.5])]


def _exact(right: bool, rows: int) -> list[float]:
    """Of an accuracy of 1 or 0, which resampling takes for certain: Clopper & Pearson 1934."""
    least = 0.025 ** (1 / rows)
    return [_round(least), 1.0] if right else [0.0, _round(1 - least)]


def _ratio(part: int, whole: int) -> float:
    return _round(part / whole) if whole else 0.0


def _round(value: float) -> float:
    return round(float(value), DIGITS)
