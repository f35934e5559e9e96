"""The rule reward: 1 for the gold label, a constant for anything else: another label, Uncertain, leaving the label set.

A reasoned answer gets a little more for its form. GenCLS++ names a "simple rule-based" reward; its values, and whether the form of a
reasoned answer counts there, are unknown. The REINFORCE++ authors advise +1/-1.
"""

from collections.abc import Sequence

import torch

from gencls.metrics import correct
from gencls.params import Rl
from gencls.reasoning import Answer


def reward_table(labels: Sequence[str], *, wrong: float) -> torch.Tensor:
    """(L, L + 1) reward of each outcome for each gold label; the last outcome is leaving the label set."""
    outcomes: list[str | None] = [*labels, None]
    return torch.tensor([[1.0 if correct(outcome, gold) else wrong for outcome in outcomes] for gold in labels])


def seen(answer: Answer, longest: int) -> int | None:
    """The label that evaluation would see, which cuts a reasoning after `longest` tokens; None where there is none."""
    return answer.label if len(answer.reasoning) <= longest else None


def well_formed(answer: Answer, longest: int) -> bool:
    """Whether there is a reasoning, then the marker, then a label, whole and with its end token."""
    return bool(answer.reasoning) and seen(answer, longest) is not None


def reasoned_reward(answer: Answer, gold: int, labels: Sequence[str], longest: int, rl: Rl) -> float:
    """Correctness, plus `rl.format` where the answer is well-formed."""
    number = seen(answer, longest)
    right = correct(None if number is None else labels[number], labels[gold])
    return (1.0 if right else rl.wrong) + rl.format * well_formed(answer, longest)
