"""The same results for machines: a few numbers per arm for `dvc metrics`, and a record per data set for tables over runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gencls.report.results import Arm, Results
from gencls.report.rl import Cost

SCORES = ("accuracy", "macro_f1", "log_loss", "ece", "invalid_share")
ESTIMATES = ("accuracy", "macro_f1", "accuracy_ci", "macro_f1_ci", "rows")


def scores(results: Results) -> dict[str, dict[str, float]]:
    """Arm → its numbers on test; unknown ones (a baseline without probabilities) are left out."""
    measured = {name: {score: arm.test[score] for score in SCORES} for name, arm in results.named.items()}  # type: ignore[literal-required]
    return {name: {score: value for score, value in numbers.items() if value is not None} for name, numbers in measured.items()}


def record(results: Results, *, reasoning: Mapping[str, str], costs: Mapping[str, Cost], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a table over runs needs to compare arms with each other, paired over the test rows.

    Args:
        reasoning: training strategy → its `reasoning`, of the strategies that the two-stage recipe compares.
        costs: RL model → what it cost. Its arm also has warmup, algorithm, the samples drawn and the seconds taken, null if not known.
        about: which run this is: data set, study, seed, base, rows per split, strategies trained.
    """
    arms = {role: _arm(found, reasoning) for role, found in results.named.items()}
    for role, found in results.rl.items():
        arms[role] |= {"warmup": found.warm_up, "algorithm": found.algorithm} | vars(costs[found.name])
    return {**about, "arms": arms}


def _arm(arm: Arm, reasoning: Mapping[str, str]) -> dict[str, Any]:
    """`correct` has a bit per test row in the order of the file, the first row in the highest bit of the first byte.

    Arms of the two-stage recipe also say what they wrote before the label, and how they did class by class.
    """
    bits = np.packbits(np.array(arm.right)).tobytes().hex()
    compared: dict[str, Any] = {}
    if arm.trainer == "sft" and arm.name in reasoning:
        compared = {"reasoning": reasoning[arm.name], "f1": {label: own["f1"] for label, own in arm.test["per_class"].items()}}
    cell = arm.title if arm.infer else None
    return {name: arm.test[name] for name in ESTIMATES} | {"cell": cell} | compared | {"correct": bits}  # type: ignore[literal-required]
