"""The same results for machines: a few numbers per arm for `dvc metrics`, and a record per data set for tables over runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gencls.metrics import Paired
from gencls.report.results import Arm, Results
from gencls.report.rl import Cost

SCORES = ("accuracy", "macro_f1", "log_loss", "ece", "invalid_share")
ESTIMATES = ("accuracy", "macro_f1", "accuracy_ci", "macro_f1_ci", "rows")


def scores(results: Results) -> dict[str, dict[str, float]]:
    """Arm → its numbers on test; unknown ones (a baseline without probabilities) are left out."""
    measured = {name: {score: arm.test[score] for score in SCORES} for name, arm in results.named.items()}  # type: ignore[literal-required]
    return {name: {score: value for score, value in numbers.items() if value is not None} for name, numbers in measured.items()}


def record(results: Results, paired: dict[str, Paired], costs: Mapping[str, Cost]) -> dict[str, Any]:
    """What a table over runs needs to compare arms with each other, paired over the test rows.

    RL arms (`Results.rl`) also have warmup, algorithm, the samples drawn and the seconds taken, null where they are not known.
    """
    arms = {arm: _arm(found) for arm, found in results.named.items()}
    for role, arm in results.rl.items():
        arms[role] |= {"warmup": arm.warm_up, "algorithm": arm.algorithm} | vars(costs[arm.name])
    return {"arms": arms, "paired": paired}


def _arm(arm: Arm) -> dict[str, Any]:
    """`correct` has a bit per test row in the order of the file, the first row in the highest bit of the first byte."""
    bits = np.packbits(np.array(arm.right)).tobytes().hex()
    cell = arm.title if arm.infer else None
    return {name: arm.test[name] for name in ESTIMATES} | {"cell": cell, "correct": bits}  # type: ignore[literal-required]
