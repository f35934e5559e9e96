"""Metrics against numbers worked out by hand, and against scikit-learn on random predictions."""

import time
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score, log_loss

from gencls import metrics, predictions

LABELS = ["a", "b", "c"]
GOLD = ["a", "a", "a", "b", "b", "c"]
PREDICTED = ["a", "a", "b", "b", None, "b"]
PROBABILITIES = np.array([[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.0, 1.0, 0.0]])


def measure(gold=GOLD, predicted=PREDICTED, probabilities=PROBABILITIES, **settings):
    return metrics.evaluate(gold, predicted, probabilities, **{"labels": LABELS, "bootstrap": 200, "bins": 10, "seed": 7, **settings})


def test_a_hand_computed_record():
    record = measure()
    assert record["rows"] == 6
    assert record["accuracy"] == 0.5
    assert record["invalid_share"] == pytest.approx(1 / 6, abs=1e-6)
    assert record["per_class"]["a"] == {"precision": 1.0, "recall": 0.666667, "f1": 0.8, "support": 3}
    assert record["per_class"]["b"] == {"precision": 0.333333, "recall": 0.5, "f1": 0.4, "support": 2}
    assert record["per_class"]["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert record["macro_f1"] == 0.4
    assert record["confusion"] == [[2, 1, 0, 0], [0, 1, 0, 1], [0, 1, 0, 0]]


def test_log_loss_is_clipped_at_the_last_digit_of_the_predictions_file():
    expected = -np.log([0.9, 0.5, 0.2, 0.8, 0.4, 1e-6]).mean()
    assert measure()["log_loss"] == pytest.approx(expected, abs=1e-6)


def test_calibration_error_weighs_each_bin_by_its_rows():
    # Confidences .9 .5 .7 .8 0 1, each alone in its bin, right or wrong: 1 1 0 1 0 0.
    assert measure()["ece"] == pytest.approx((0.1 + 0.5 + 0.7 + 0.2 + 0.0 + 1.0) / 6, abs=1e-6)
    # One bin: |3 right - 3.9 of confidence| over six rows.
    assert measure(bins=1)["ece"] == pytest.approx(0.9 / 6, abs=1e-6)


def test_a_few_rows_all_right_or_all_wrong_are_no_certainty():
    assert measure(["a"] * 42, ["a"] * 42, None)["accuracy_ci"] == [pytest.approx(binomtest(42, 42).proportion_ci().low, abs=1e-6), 1.0]
    assert measure(["a"] * 42, ["b"] * 42, None)["accuracy_ci"] == [0.0, pytest.approx(binomtest(0, 42).proportion_ci().high, abs=1e-6)]


def test_a_class_that_never_occurs_is_left_out_of_macro_f1():
    assert measure(labels=[*LABELS, "d"], probabilities=None)["macro_f1"] == 0.4
    assert measure(["a", "a"], ["a", "a"], None)["macro_f1"] == 1.0
    assert measure(["a", "a"], ["a", "c"], None)["macro_f1"] == pytest.approx(2 / 3 / 2, abs=1e-6)


def test_without_probabilities_there_is_no_log_loss_and_no_calibration_error():
    record = measure(probabilities=None)
    assert record["log_loss"] is None
    assert record["ece"] is None


def test_it_agrees_with_scikit_learn_on_random_predictions():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), size=500)
    gold = [LABELS[i] for i in rng.integers(0, 3, 500)]
    predicted = [LABELS[i] for i in probabilities.argmax(axis=1)]
    record = measure(gold, predicted, probabilities)
    assert record["macro_f1"] == pytest.approx(f1_score(gold, predicted, average="macro"), abs=1e-6)
    assert record["log_loss"] == pytest.approx(log_loss(gold, probabilities, labels=LABELS), abs=1e-3)


def test_the_interval_of_accuracy_has_the_width_of_the_normal_approximation():
    right = ["a"] * 400
    predicted = ["a"] * 300 + ["b"] * 100
    low, high = measure(right, predicted, None, bootstrap=4000)["accuracy_ci"]
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - half, abs=0.01)
    assert high == pytest.approx(0.75 + half, abs=0.01)


def test_drawing_cells_is_drawing_rows():
    """The multinomial short cut has the distribution of the plain bootstrap over rows."""
    rng = np.random.default_rng(1)
    gold, predicted = rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    rows = rng.integers(0, 90, size=(3000, 90))
    plain = [f1_score(gold[r], predicted[r], average="macro") for r in rows[:600]]
    interval = measure([LABELS[i] for i in gold], [LABELS[i] for i in predicted], None, bootstrap=4000)["macro_f1_ci"]
    assert interval == pytest.approx(list(np.percentile(plain, [2.5, 97.5])), abs=0.02)


def test_the_seed_decides_the_interval():
    assert measure() == measure()
    assert measure()["accuracy_ci"] == measure(seed=7)["accuracy_ci"]
    many = ["a"] * 500, ["a"] * 250 + ["b"] * 250
    assert measure(*many, None)["accuracy_ci"] != measure(*many, None, seed=8)["accuracy_ci"]


def test_the_pair_is_tested_on_the_rows_that_exactly_one_arm_got_right():
    gold = ["a"] * 20
    a = ["a"] * 12 + [None] * 8
    b = ["a"] * 4 + ["b"] * 8 + ["a"] * 1 + ["b"] * 7
    result = metrics.paired(gold, a, b, bootstrap=2000, seed=7)
    # 8 rows only a, 1 row only b: two-sided exact p = 2 * (C(9,0) + C(9,1)) / 2**9.
    assert result["accuracy"]["p"] == pytest.approx(20 / 512, abs=1e-6)
    assert result["accuracy"]["difference"] == pytest.approx(7 / 20, abs=1e-6)
    low, high = result["accuracy"]["ci"]
    assert 0 < low < 0.35 < high


def test_an_arm_does_not_differ_from_itself():
    same = metrics.paired(GOLD, PREDICTED, PREDICTED, bootstrap=50, seed=7)
    assert same["accuracy"] == {"difference": 0.0, "ci": [0.0, 0.0], "p": 1.0}
    assert same["macro_f1"] == {"difference": 0.0, "ci": [0.0, 0.0], "p": None}


def test_the_paired_macro_f1_is_the_difference_of_the_two_records():
    other = ["a", "b", "a", "b", "b", "c"]
    result = metrics.paired(GOLD, PREDICTED, other, bootstrap=50, seed=7)
    expected = measure(probabilities=None)["macro_f1"] - measure(predicted=other, probabilities=None)["macro_f1"]
    assert result["macro_f1"]["difference"] == pytest.approx(expected, abs=2e-6)


def test_a_difference_is_more_than_chance_below_a_p_of_five_percent_and_never_untested():
    assert [metrics.beyond_chance(p) for p in (0.049999, 0.05, None)] == [True, False, False]


def test_holm_multiplies_the_smallest_p_by_all_and_the_largest_by_one():
    # Ascending .01 .02 .03 .04: 4 * .01 = .04, 3 * .02 = .06, 2 * .03 = .06, and 1 * .04 is raised to the .06 before it.
    assert metrics.holm([0.04, 0.01, 0.03, 0.02]) == [0.06, 0.04, 0.06, 0.06]
    # 3 * .001 = .003, 2 * .2 = .4, 1 * .9 = .9.
    assert metrics.holm([0.2, 0.9, 0.001]) == [0.4, 0.9, 0.003]


def test_an_adjusted_p_never_exceeds_one_and_of_equals_all_get_the_same():
    assert metrics.holm([0.6, 0.5, 1.0]) == [1.0, 1.0, 1.0]
    assert metrics.holm([0.02, 0.02, 0.02]) == [0.06, 0.06, 0.06]
    assert metrics.holm([0.03]) == [0.03]


def test_a_comparison_without_a_test_is_passed_through_and_not_counted():
    assert metrics.holm([None, 0.01, None, 0.03]) == [None, 0.02, None, 0.03]
    assert metrics.holm([None]) == [None]
    assert metrics.holm([]) == []


def test_holm_keeps_order_and_lies_between_the_raw_p_and_bonferroni():
    p = np.random.default_rng(0).random(40)
    adjusted = np.array(metrics.holm(list(p)))
    assert (adjusted >= p - 1e-6).all()
    assert (adjusted <= np.minimum(1, 40 * p) + 1e-6).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_p_that_is_no_probability_is_refused(p: float):
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.holm([0.5, p])


def test_two_thousand_rows_and_119_classes_take_no_more_than_a_few_seconds():
    rng = np.random.default_rng(0)
    labels = [f"label {i}" for i in range(119)]
    gold = [labels[i] for i in rng.integers(0, 119, 2000)]
    predicted = [labels[i] for i in rng.integers(0, 119, 2000)]
    start = time.perf_counter()
    metrics.evaluate(gold, predicted, rng.dirichlet(np.ones(119), 2000), labels=labels, bootstrap=1000, bins=15, seed=7)
    assert time.perf_counter() - start < 5


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="gold label 'z' is not in the label set: a, b, c"):
        measure(gold=["z", *GOLD[1:]])
    with pytest.raises(ValueError, match="predicted label 'z' is not in the label set"):
        measure(predicted=["z", *PREDICTED[1:]])
    with pytest.raises(ValueError, match=r"probabilities have shape \(6, 3\), expected \(6, 4\)"):
        measure(labels=[*LABELS, "d"])
    with pytest.raises(ValueError, match="6 gold labels but 5 predictions"):
        measure(predicted=PREDICTED[1:])
    with pytest.raises(ValueError, match="no rows"):
        measure([], [], None)


def test_only_the_very_label_is_correct():
    assert metrics.correct("a", "a")
    assert not metrics.correct("A", "a")
    assert not metrics.correct(None, "a")


def test_predictions_survive_their_file(tmp_path: Path):
    texts = ["NA", "null", "", 'a "quoted", text', "two\r\nlines", "<b>中文</b>"]
    frame = predictions.frame([f"test-{i}" for i in range(6)], texts, GOLD, PREDICTED, PROBABILITIES / 3, LABELS)
    frame.to_csv(tmp_path / "p.csv", index=False)
    back = predictions.read(tmp_path / "p.csv")
    assert list(back.columns) == ["id", "text", "label", "predicted", "confidence", "p_a", "p_b", "p_c"]
    assert list(back["text"]) == texts
    assert list(back["predicted"]) == ["a", "a", "b", "b", "", "b"]
    assert list(back["confidence"].fillna(-1)) == [0.3, 0.166667, 0.233333, 0.266667, -1, 0.333333]
    assert back.equals(frame)


def test_predictions_without_probabilities_leave_the_numbers_empty():
    frame = predictions.frame(["x"], ["t"], ["a"], ["a"], None, LABELS)
    assert frame.iloc[0, 4:].isna().all()


def test_a_text_with_a_lone_carriage_return_survives_the_file(tmp_path: Path) -> None:
    texts = ["one\rtwo", 'a "quoted", text\nwith lines', "NA"]
    frame = predictions.frame(["1", "2", "3"], texts, ["x", "y", "x"], ["x", None, "y"], None, ["x", "y"])
    predictions.write(frame, tmp_path / "p.csv")
    back = predictions.read(tmp_path / "p.csv")
    assert back["text"].tolist() == texts
    assert back["predicted"].tolist() == ["x", "", "y"]
