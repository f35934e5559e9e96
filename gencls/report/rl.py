"""What does RL add? Each RL model against its warm-up and against continued SFT, what its gain cost, and the paper's claim beside it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from gencls.metrics import Difference, Paired, beyond_chance, holm
from gencls.report import paper
from gencls.report.results import CONTROL, Arm, Results
from gencls.report.words import percent, points
from gencls.selection import PLAIN_STRATEGY, rl_role, warm_up_role

ALGORITHMS = {
    "reinforce_pp": "REINFORCE++",
    "reinforce_pp_baseline": "REINFORCE++-baseline",
    "grpo": "GRPO",
    "expected": "exact gradient, nothing sampled",
    CONTROL: "continued SFT, the control",
}


@dataclass(frozen=True)
class Cost:
    """Of training one RL model."""

    samples: int
    """Answers drawn."""
    seconds: float | None
    """Of the stage, validation included; None where it was not run here but restored."""


def section(results: Results, paired: Mapping[str, Paired], costs: Mapping[str, Cost], reasoned: Collection[str]) -> dict[str, Any] | None:
    """A row per RL model and the sentence; None where there is none. `reasoned` are the strategies that reason."""
    if not results.rl:
        return None
    rows = [_row(role, arm, paired, costs[arm.name], reasoned) for role, arm in results.rl.items()]
    starts = {results.warm_up(arm).title: results.warm_up(arm) for arm in results.rl.values()}
    return {"rows": rows, "starts": list(starts.values()), "claim": claim(results, paired, reasoned)}


def _row(role: str, arm: Arm, paired: Mapping[str, Paired], cost: Cost, reasoned: Collection[str]) -> dict[str, Any]:
    gained = paired[_against_warm_up(role, arm)]
    points_gained = 100 * gained["accuracy"]["difference"]
    return {
        "arm": arm,
        "algorithm": ALGORITHMS[arm.algorithm],
        "reasons": arm.warm_up in reasoned,
        "gain": gained,
        "over_control": paired.get(_against_control(role, arm)),
        "cost": cost,
        "per_samples": points_gained / (cost.samples / 1000) if cost.samples else None,
        "per_minute": points_gained / (cost.seconds / 60) if cost.seconds else None,
    }


def claim(results: Results, paired: Mapping[str, Paired], reasoned: Collection[str]) -> str:
    """The paper's claim and, in the same sentence, what is seen here."""
    seen = [_adds(results, paired), _best(results, paired), _direct(results, paired, reasoned)]
    return f"{paper.RL}; here {'; '.join(part for part in seen if part)}."


def _adds(results: Results, paired: Mapping[str, Paired]) -> str:
    arms = [(role, arm) for role, arm in results.rl.items() if arm.algorithm in paper.ALGORITHMS]
    over = {
        "the warm-up": [paired[_against_warm_up(*arm)]["accuracy"] for arm in arms],
        "continued SFT": [paired[name]["accuracy"] for arm in arms if (name := _against_control(*arm)) in paired],
    }
    beaten = [f"{_sure(found)} of {len(found)} over {what}" for what, found in over.items() if found]
    if not beaten:
        return "no algorithm of the paper was run"
    return f"gains beyond chance, after Holm's correction, are {' and '.join(beaten)}"


def _against_warm_up(role: str, arm: Arm) -> str:
    return f"{role}_vs_{warm_up_role(arm.warm_up)}"


def _against_control(role: str, arm: Arm) -> str:
    return f"{role}_vs_{rl_role(f'{arm.warm_up}/{CONTROL}')}"


def _sure(found: list[Difference]) -> int:
    adjusted = holm([difference["p"] for difference in found])
    return sum(one["difference"] > 0 and beyond_chance(p) for one, p in zip(found, adjusted, strict=True))


def _best(results: Results, paired: Mapping[str, Paired]) -> str:
    """Which algorithm of the paper is best from the plain warm-up, and whether REINFORCE++ differs from it by more than chance."""
    arms = {role: arm for role, arm in results.rl.items() if arm.algorithm in paper.ALGORITHMS and arm.warm_up == PLAIN_STRATEGY}
    if len(arms) < 2:
        return ""
    highest = max(arm.test["accuracy"] for arm in arms.values())
    role, *others = (role for role, arm in arms.items() if arm.test["accuracy"] == highest)
    if others:
        return f"{' and '.join(ALGORITHMS[arms[name].algorithm] for name in (role, *others))} are equal ({percent(highest)})"
    best = f"{ALGORITHMS[arms[role].algorithm]} is the best of {len(arms)} ({percent(highest)})"
    against = paired.get(f"{role}_vs_{rl_role(f'{PLAIN_STRATEGY}/reinforce_pp')}")
    if against is None:
        return best
    return f"{best}, {_difference(against)} over REINFORCE++"


def _direct(results: Results, paired: Mapping[str, Paired], reasoned: Collection[str]) -> str:
    """RL of direct answers against RL of reasoned ones, the algorithm of the paper's choice first."""
    for algorithm in paper.ALGORITHMS:
        for start in reasoned:
            found = paired.get(f"{rl_role(f'{PLAIN_STRATEGY}/{algorithm}')}_vs_{rl_role(f'{start}/{algorithm}')}")
            if found:
                return f"direct answers have {_difference(found)} over those of {start} under {ALGORITHMS[algorithm]}"
    if any(arm.warm_up in reasoned for arm in results.rl.values()):
        return f"reasoned answers were not compared with direct ones, which takes one algorithm from both and from {PLAIN_STRATEGY}"
    return "no reasoned answers were run"


def _difference(found: Paired) -> str:
    sure = "more than chance" if beyond_chance(found["accuracy"]["p"]) else "within chance"
    return f"{points(found['accuracy']['difference'])} points, {sure},"
