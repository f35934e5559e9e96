"""The rule reward: 1 for the gold label, a constant for anything else: another label, Uncertain, leaving the label set.

GenCLS++ names a "simple rule-based" reward; its values are unknown. The REINFORCE++ authors advise +1/-1.
"""

from collections.abc import Sequence

import torch

from gencls.metrics import correct


def reward_table(labels: Sequence[str], *, wrong: float) -> torch.Tensor:
    """(L, L + 1) reward of each outcome for each gold label; the last outcome is leaving the label set."""
    outcomes: list[str | None] = [*labels, None]
    return torch.tensor([[1.0 if correct(outcome, gold) else wrong for outcome in outcomes] for gold in labels])
