"""Temperature, reliability, risk against coverage and thresholds against numbers worked out by hand, and laws that hold for any data."""

import numpy as np
import pytest
from scipy.stats import binom

from gencls import metrics
from gencls.calibration import (
    FEWEST,
    TEMPERATURES,
    abstention_threshold,
    apply_temperature,
    fit_temperature,
    operating_point,
    reliability,
    risk_coverage,
)

COLDEST, HOTTEST = TEMPERATURES


def scored(seed: int = 0, rows: int = 400, labels: int = 5, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Label log-probabilities up to a constant per row, and gold labels drawn from what they say at temperature 1."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, spread, (rows, labels))
    gold = np.array([rng.choice(labels, p=p) for p in apply_temperature(scores, 1.0)])
    return scores, gold


def loss(scores: np.ndarray, gold: np.ndarray, temperature: float) -> float:
    return -np.log(apply_temperature(scores, temperature)[np.arange(len(gold)), gold]).mean()


def answers(rows: int = 300, levels: int = 10**6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, of which few levels make many ties, and whether each answer is right."""
    rng = np.random.default_rng(seed)
    confidence = rng.integers(0, levels + 1, rows) / levels
    return confidence, rng.random(rows) < confidence


def test_the_temperature_makes_the_confidence_the_accuracy_where_all_rows_have_one_margin():
    # Two labels at .9 and .1, right in 3 of 4 rows: odds 9 become odds 3 = 9 ** (1 / 2), so T = 2.
    scores = np.log(np.tile([0.9, 0.1], (4, 1)))
    temperature = fit_temperature(scores, np.array([0, 0, 1, 0]))
    assert temperature == pytest.approx(2.0)
    assert apply_temperature(scores, temperature)[0] == pytest.approx([0.75, 0.25])


def test_the_temperature_of_three_labels_by_hand():
    # Scores .8 .1 .1, right in every second row: 8 ** (1 / T) / (8 ** (1 / T) + 2) = 1 / 2, so T = log 8 / log 2 = 3.
    scores = np.log(np.tile([0.8, 0.1, 0.1], (4, 1)))
    assert fit_temperature(scores, np.array([0, 1, 0, 2])) == pytest.approx(3.0)


def test_a_model_that_is_too_shy_is_sharpened():
    # Two labels at .6 and .4, right in 9 of 10 rows: odds 1.5 become odds 9.
    scores = np.log(np.tile([0.6, 0.4], (10, 1)))
    assert fit_temperature(scores, np.array([0] * 9 + [1])) == pytest.approx(np.log(1.5) / np.log(9))


@pytest.mark.parametrize("seed", range(3))
def test_no_other_temperature_has_a_lower_loss(seed: int):
    scores, gold = scored(seed)
    temperature = fit_temperature(3 * scores, gold)
    best = loss(3 * scores, gold, temperature)
    assert COLDEST < temperature < HOTTEST
    assert all(best <= loss(3 * scores, gold, other) + 1e-12 for other in np.geomspace(COLDEST, HOTTEST, 200))


def test_a_calibrated_model_keeps_its_probabilities_and_an_inflated_one_gets_them_back():
    scores, gold = scored(rows=4000)
    temperature = fit_temperature(scores, gold)
    assert temperature == pytest.approx(1.0, abs=0.05)
    assert fit_temperature(2.5 * scores, gold) == pytest.approx(2.5 * temperature)


def test_a_constant_added_to_a_row_and_the_order_of_the_rows_change_nothing():
    scores, gold = scored()
    shifted = scores - 1000 * np.arange(len(gold))[:, None]
    expected = fit_temperature(2 * scores, gold)
    assert fit_temperature(2 * shifted, gold) == pytest.approx(expected)
    assert fit_temperature(2 * scores[::-1], gold[::-1]) == pytest.approx(expected)


def test_where_no_gold_label_lies_below_another_the_temperature_is_one():
    assert fit_temperature(np.log([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])) == 1.0
    assert fit_temperature(np.log([[0.9, 0.1]]), np.array([0])) == 1.0
    assert fit_temperature(np.array([[-3.0], [-1.0]]), np.array([0, 0])) == 1.0
    assert fit_temperature(np.log([[0.5, 0.5]]), np.array([1])) == 1.0


def test_a_model_that_is_no_better_than_guessing_gets_the_hottest_temperature():
    assert fit_temperature(np.log([[0.9, 0.1]]), np.array([1])) == HOTTEST
    assert fit_temperature(np.log([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1])) == HOTTEST


def test_a_model_that_hardly_errs_gets_no_colder_temperature_than_the_coldest():
    scores = np.array([[0.0, -0.5]] * 99 + [[-1e-4, 0.0]])
    assert fit_temperature(scores, np.zeros(100, dtype=int)) == COLDEST


def test_an_impossible_gold_label_is_left_out_and_an_impossible_other_label_is_fine():
    scores, gold = np.log([[0.9, 0.1]] * 4), np.array([0, 0, 1, 0])
    never = np.array([[0.0, -np.inf]])
    assert fit_temperature(np.vstack([scores, never]), np.append(gold, 1)) == pytest.approx(2.0)
    assert fit_temperature(np.column_stack([scores, np.full(4, -np.inf)]), gold) == pytest.approx(2.0)
    assert fit_temperature(never, np.array([1])) == 1.0


def test_a_temperature_changes_no_answer():
    scores, _ = scored()
    for temperature in (0.1, 1.0, 7.0):
        p = apply_temperature(scores, temperature)
        assert p.sum(axis=1) == pytest.approx(1.0)
        assert (p.argmax(axis=1) == scores.argmax(axis=1)).all()


@pytest.mark.parametrize(
    ("scores", "gold", "message"),
    [
        (np.zeros((0, 2)), [], "no rows"),
        (np.zeros((2, 2)), [0], r"shape \(2, 2\), expected \(1, labels\)"),
        (np.zeros((2, 2)), [0, 2], "numbers from 0 to 1, not 0 to 2"),
        (np.array([[0.0, 0.0], [0.0, np.nan]]), [0, 0], "row 1 has no usable log-probabilities"),
        (np.array([[-np.inf, -np.inf]]), [0], "row 0 has no usable"),
    ],
)
def test_scores_that_cannot_be_used_are_named(scores: np.ndarray, gold: list[int], message: str):
    with pytest.raises(ValueError, match=message):
        fit_temperature(scores, np.array(gold, dtype=int))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_none_is_refused(temperature: float):
    with pytest.raises(ValueError, match="above 0"):
        apply_temperature(np.zeros((1, 2)), temperature)


def test_the_bins_by_hand():
    confidence = np.array([0.1, 0.5, 0.9, 0.7, 1.0])
    low, high = reliability(confidence, np.array([False, False, True, False, True]), bins=2)
    # .5 is the upper edge of the first bin.
    assert (low["low"], low["high"], low["rows"], low["accuracy"]) == (0.0, 0.5, 2, 0.0)
    assert low["confidence"] == pytest.approx(0.3)
    assert (high["rows"], high["accuracy"]) == (3, pytest.approx(2 / 3))
    assert high["confidence"] == pytest.approx(2.6 / 3)
    # None of two right: the upper end p solves (1 - p) ** 2 = .025.
    assert low["ci"] == pytest.approx([0.0, 1 - np.sqrt(0.025)])


def test_an_empty_bin_has_no_accuracy():
    filled, empty = reliability(np.array([0.2]), np.array([True]), bins=2)
    assert filled["rows"] == 1
    assert empty == {"low": 0.5, "high": 1.0, "rows": 0, "confidence": None, "accuracy": None, "ci": None}


def test_the_bins_add_up_to_the_calibration_error_of_the_record():
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(4), size=500)
    predicted, gold = probabilities.argmax(axis=1), rng.integers(0, 4, 500)
    found = reliability(probabilities.max(axis=1), predicted == gold, bins=15)
    names = ["a", "b", "c", "d"]
    labelled = [names[i] for i in gold], [names[i] for i in predicted]
    record = metrics.evaluate(*labelled, probabilities, labels=names, bootstrap=10, bins=15, seed=7)
    assert sum(part["rows"] for part in found) == 500
    error = sum(part["rows"] / 500 * abs(part["accuracy"] - part["confidence"]) for part in found if part["rows"])
    assert error == pytest.approx(record["ece"], abs=1e-6)


def test_the_risk_coverage_curve_by_hand():
    curve = risk_coverage(np.array([0.8, 0.9, 0.6, 0.8]), np.array([False, True, True, True]))
    assert curve.threshold.tolist() == [0.9, 0.8, 0.6]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk == pytest.approx([0, 1 / 3, 1 / 4])


def test_where_all_confidences_are_equal_the_curve_is_one_step_at_the_error_rate():
    curve = risk_coverage(np.full(5, 0.7), np.array([True, False, True, True, True]))
    assert (curve.coverage.tolist(), curve.risk.tolist()) == ([1.0], [pytest.approx(0.2)])


@pytest.mark.parametrize("levels", [3, 20, 10**6])
def test_the_risk_of_a_step_is_that_of_the_rows_at_or_above_its_threshold(levels: int):
    confidence, correct = answers(levels=levels)
    curve = risk_coverage(confidence, correct)
    assert curve.risk == pytest.approx([1 - correct[confidence >= own].mean() for own in curve.threshold])
    assert curve.risk[-1] == pytest.approx(1 - correct.mean())
    assert (np.diff(curve.threshold) < 0).all()
    assert (np.diff(curve.coverage) > 0).all()


@pytest.mark.parametrize("levels", [3, 10**6])
def test_only_the_order_of_the_confidences_matters_to_the_risk_and_not_that_of_the_rows(levels: int):
    confidence, correct = answers(levels=levels)
    risk = risk_coverage(confidence, correct).risk
    shuffled = np.random.default_rng(1).permutation(len(correct))
    assert risk_coverage(confidence[shuffled], correct[shuffled]).risk == pytest.approx(risk)
    assert risk_coverage(confidence**3, correct).risk == pytest.approx(risk)


def test_a_thinned_curve_is_spread_over_the_coverage_and_keeps_its_end():
    curve = risk_coverage(*answers(rows=1000))
    thin = curve.thinned(50)
    assert len(thin.coverage) == len(thin.risk) == len(thin.threshold) == 50
    assert (thin.coverage[-1], thin.risk[-1]) == (1.0, curve.risk[-1])
    assert np.diff(thin.coverage) == pytest.approx(0.02, abs=0.005)
    assert set(thin.coverage) <= set(curve.coverage)
    assert curve.thinned(1000) is curve


def test_the_lowest_threshold_that_reaches_the_precision_is_chosen():
    # 30 right at .9; then 10 at .7, half of them right: 35 of 40 = .875; then 10 at .5, all right: 45 of 50 = .9.
    confidence = np.repeat([0.9, 0.7, 0.5], [30, 10, 10])
    correct = np.array([True] * 30 + [True, False] * 5 + [True] * 10)
    loose = abstention_threshold(confidence, correct, 0.9)
    assert (loose["threshold"], loose["coverage"], loose["precision"]) == (0.5, 1.0, 0.9)
    strict = abstention_threshold(confidence, correct, 0.95)
    assert (strict["threshold"], strict["coverage"], strict["precision"]) == (0.9, 0.6, 1.0)
    # All of n right: the bound p solves p ** n = .05.
    assert strict["precision_low"] == pytest.approx(0.05 ** (1 / 30))


def test_a_tie_is_answered_as_a_whole():
    # 39 of 40 would be .975, but the last right rows share their confidence with ten wrong ones.
    confidence = np.repeat([0.9, 0.6], [30, 20])
    correct = np.array([True] * 29 + [False] + [True] * 10 + [False] * 10)
    assert abstention_threshold(confidence, correct, 0.97) is None
    assert abstention_threshold(confidence, correct, 0.96)["threshold"] == 0.9


def test_a_few_lucky_rows_choose_no_threshold():
    right = np.ones(FEWEST, dtype=bool)
    assert abstention_threshold(np.full(FEWEST - 1, 0.9), right[1:], 0.5) is None
    assert abstention_threshold(np.full(FEWEST, 0.9), right, 1.0)["threshold"] == 0.9


def test_where_no_threshold_reaches_the_precision_there_is_none():
    confidence, correct = answers()
    assert abstention_threshold(confidence, ~correct, 0.99) is None
    assert abstention_threshold(confidence, np.zeros(300, dtype=bool), 0.01) is None


@pytest.mark.parametrize("levels", [20, 10**6])
@pytest.mark.parametrize("precision", [0.6, 0.8, 0.9])
def test_no_other_threshold_with_the_precision_answers_more(levels: int, precision: float):
    confidence, correct = answers(levels=levels)
    found = abstention_threshold(confidence, correct, precision)
    points = [operating_point(confidence, correct, threshold) for threshold in np.unique(confidence)]
    assert found["precision"] >= precision
    enough = [p for p in points if p["precision"] >= precision and p["coverage"] * 300 >= FEWEST - 0.5]
    assert found["coverage"] == max(p["coverage"] for p in enough)


def test_the_bound_is_the_precision_at_which_so_many_right_rows_have_a_chance_of_five_percent():
    confidence, correct = answers()
    point = operating_point(confidence, correct, 0.5)
    answered = round(point["coverage"] * 300)
    hits = round(point["precision"] * answered)
    assert binom.sf(hits - 1, answered, point["precision_low"]) == pytest.approx(0.05)
    assert point["precision_low"] < point["precision"]


def test_a_threshold_above_all_confidences_answers_nothing():
    expected = {"threshold": 0.9, "coverage": 0.0, "precision": None, "precision_low": None}
    assert operating_point(np.array([0.5, 0.6]), np.array([True, True]), 0.9) == expected


@pytest.mark.parametrize("measure", [risk_coverage, lambda *rows: reliability(*rows, 10), lambda *rows: abstention_threshold(*rows, 0.9)])
def test_rows_that_cannot_be_measured_are_named(measure):
    with pytest.raises(ValueError, match="no rows"):
        measure(np.array([]), np.array([], dtype=bool))
    with pytest.raises(ValueError, match="2 confidences but 1 answers"):
        measure(np.array([0.5, 0.5]), np.array([True]))
    with pytest.raises(ValueError, match="not nan; a decoding without probabilities"):
        measure(np.array([0.5, np.nan]), np.array([True, True]))
    with pytest.raises(ValueError, match=r"not 1\.5"):
        measure(np.array([1.5]), np.array([True]))


@pytest.mark.parametrize("precision", [0.0, 1.1, float("nan")])
def test_a_precision_that_is_none_is_refused(precision: float):
    with pytest.raises(ValueError, match="a precision is above 0 and at most 1"):
        abstention_threshold(np.array([0.5]), np.array([True]), precision)
