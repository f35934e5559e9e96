"""Confidence on test is what the classifier will say: a temperature does not work on rounded probabilities."""

from pathlib import Path

import numpy as np
import pytest

from gencls import calibration, metrics, predictions
from gencls.report.calibrated import calibrated, confidences
from gencls.report.results import Arm

LABELS = [f"label {i:02d}" for i in range(16)]
TEMPERATURE, THRESHOLD = 2.6, 0.96


def sharp(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Gold labels and log-probabilities of a model that is far too sure: at the temperature they are as good as they say."""
    rng = np.random.default_rng(7)
    scores = rng.normal(0, 1, (rows, len(LABELS)))
    scores[np.arange(rows), rng.integers(0, len(LABELS), rows)] += rng.uniform(2, 11, rows)
    true = calibration.apply_temperature(scores, 1.0)
    gold = np.array([rng.choice(len(LABELS), p=row) for row in true])
    return gold, TEMPERATURE * np.log(true)


@pytest.fixture
def arm(tmp_path: Path) -> Arm:
    gold, scores = sharp(2000)
    names, given, p = [LABELS[i] for i in gold], [LABELS[i] for i in scores.argmax(axis=1)], calibration.apply_temperature(scores, 1.0)
    ids = [f"test-{i:05d}" for i in range(len(gold))]
    predictions.write(predictions.frame(ids, ids, names, given, p, LABELS), tmp_path / "cell.csv")
    np.save(tmp_path / "cell.npy", scores)
    record = metrics.evaluate(names, given, p, labels=LABELS, bootstrap=1, bins=15, seed=7)
    return Arm("sft", "zero_shot", record, tmp_path / "cell.csv", temperature=TEMPERATURE, threshold=THRESHOLD)


def test_the_threshold_answers_on_test_what_the_classifier_would(arm: Arm) -> None:
    gold, scores = sharp(2000)
    exact = calibration.apply_temperature(scores, TEMPERATURE).max(axis=1)
    expected = calibration.operating_point(exact, scores.argmax(axis=1) == gold, THRESHOLD)
    found = calibrated(arm, bins=15)
    assert found.point == expected and expected["coverage"] > 0.3
    np.testing.assert_array_equal(confidences(arm), exact)
    assert found.after.ece < 0.02 < found.before.ece and found.after.log_loss < found.before.log_loss


def test_six_digits_would_have_hidden_all_of_it(arm: Arm) -> None:
    """Why the log-probabilities are kept: 5e-7 to the power of 1 / 2.6 is 0.004, for each of fifteen labels."""
    rounded = arm.predictions[[f"p_{label}" for label in LABELS]].to_numpy()
    scaled = calibration.apply_temperature(np.log(np.maximum(rounded, 5e-7)), TEMPERATURE)
    assert scaled.max() < THRESHOLD
