"""The same results for machines: a few numbers per arm for `dvc metrics`, and a record per data set for tables over runs."""

from typing import Any

import numpy as np

from gencls.metrics import Paired
from gencls.report.results import Arm, Results

SCORES = ("accuracy", "macro_f1", "log_loss", "ece", "invalid_share")
ESTIMATES = ("accuracy", "macro_f1", "accuracy_ci", "macro_f1_ci", "rows")


def scores(results: Results) -> dict[str, dict[str, float]]:
    """Arm → its numbers on test; unknown ones (a baseline without probabilities) are left out."""
    measured = {name: {score: arm.test[score] for score in SCORES} for name, arm in results.named.items()}  # type: ignore[literal-required]
    return {name: {score: value for score, value in numbers.items() if value is not None} for name, numbers in measured.items()}


def record(name: str, results: Results, paired: dict[str, Paired], *, rows: dict[str, int], seed: int) -> dict[str, Any]:
    """Everything that a table over runs needs to compare arms with each other, paired over the test rows."""
    arms = {arm: _arm(found) for arm, found in results.named.items()}
    return {"data_set": name, "rows": rows, "seed": seed, "arms": arms, "paired": paired}


def _arm(arm: Arm) -> dict[str, Any]:
    """`correct` has a bit per test row in the order of the file, the first row in the highest bit of the first byte."""
    bits = np.packbits(np.array(arm.right)).tobytes().hex()
    cell = arm.title if arm.infer else None
    return {name: arm.test[name] for name in ESTIMATES} | {"cell": cell, "correct": bits}  # type: ignore[literal-required]
