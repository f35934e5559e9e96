"""What the probabilities of an arm are worth on test, at the temperature and the threshold that were chosen on validation."""

from dataclasses import dataclass

import numpy as np

from gencls import calibration, metrics
from gencls.arrays import Floats
from gencls.calibration import Bin, OperatingPoint, RiskCoverage
from gencls.report.results import Arm


@dataclass(frozen=True)
class Probabilities:
    """Of one arm on test, at one temperature."""

    log_loss: float
    ece: float
    bins: list[Bin]


@dataclass(frozen=True)
class Calibrated:
    """Before and after the temperature; the curve and the point are after it."""

    temperature: float
    before: Probabilities
    after: Probabilities
    curve: RiskCoverage
    point: OperatingPoint | None
    """What the threshold gives on test; None where validation has none that is precise enough."""


def calibrated(arm: Arm, *, bins: int) -> Calibrated:
    """Measured from the predictions of a cell."""
    labels, given_NL, scaled_NL = _probabilities(arm)
    confidence_N, right_N = _confidence(arm, labels, scaled_NL), np.array(arm.right)
    return Calibrated(
        temperature=arm.temperature,
        before=_measured(arm, labels, given_NL, bins),
        after=_measured(arm, labels, scaled_NL, bins),
        curve=calibration.risk_coverage(confidence_N, right_N),
        point=None if arm.threshold is None else calibration.operating_point(confidence_N, right_N, arm.threshold),
    )


def confidences(arm: Arm) -> Floats:
    """(N,) of the answers of a cell, after the temperature."""
    labels, _, scaled_NL = _probabilities(arm)
    return _confidence(arm, labels, scaled_NL)


def _probabilities(arm: Arm) -> tuple[list[str], Floats, Floats]:
    """Labels, and (N, L) their probabilities before and after the temperature."""
    labels = list(arm.test["per_class"])
    given_NL, scaled_NL = (calibration.apply_temperature(arm.log_probabilities, temperature) for temperature in (1.0, arm.temperature))
    return labels, given_NL, scaled_NL


def _measured(arm: Arm, labels: list[str], probabilities_NL: Floats, bins: int) -> Probabilities:
    gold = list(arm.predictions["label"])
    record = metrics.evaluate(gold, arm.answers, probabilities_NL, labels=labels, bootstrap=1, bins=bins, seed=0)
    assert record["log_loss"] is not None and record["ece"] is not None
    reliability = calibration.reliability(_confidence(arm, labels, probabilities_NL), np.array(arm.right), bins)
    return Probabilities(record["log_loss"], record["ece"], reliability)


def _confidence(arm: Arm, labels: list[str], probabilities_NL: Floats) -> Floats:
    place: dict[str | None, int] = {label: i for i, label in enumerate([*labels, None])}
    return metrics.confidence(np.array([place[answer] for answer in arm.answers]), probabilities_NL)
