"""Advantage estimators and KL terms as pure functions of rewards, per-token KL and masks.

Legend of axes: P prompts, G samples of a prompt, T tokens of a sample. With several processes a batch is theirs together: `total` sums a
tensor over them, so that a normalisation is over the whole global batch; by default there is one process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

Total = Callable[[Tensor], Tensor]
"""Sums a tensor over all processes."""
KlForm = Literal["k1_reward", "k2_loss", "k3_loss"]

SMALLEST_VARIANCE = 1e-8
SMALLEST_DEVIATION = 1e-9


def alone(tensor: Tensor) -> Tensor:
    """The sum over processes where there is one."""
    return tensor


def grpo(rewards_PG: Tensor, kl_PGT: Tensor, mask_PGT: Tensor, *, kl_coef: float, total: Total = alone) -> Tensor:
    """(P, G, T) advantages of GRPO (DeepSeekMath section 4.1): a reward against the others of its prompt, no step over the batch.

        advantage_t = (r - mean_group) / (std_group + 1e-9) [- kl_coef * sum_{i >= t} kl_i]

    The paper has the KL in the loss (k3), which is `kl_coef` 0 here; in brackets what OpenRLHF does without `--use_kl_loss`. The standard
    deviation is that with n - 1, as there. Arguments as in `reinforce_pp`; `total` plays no part.
    """
    centred = _centred(rewards_PG)
    deviation = (centred.square().sum(dim=1, keepdim=True) / (rewards_PG.shape[1] - 1)).sqrt()
    return _returns(centred / (deviation + SMALLEST_DEVIATION), kl_PGT, mask_PGT, kl_coef)


def reinforce_pp_baseline(rewards_PG: Tensor, kl_PGT: Tensor, mask_PGT: Tensor, *, kl_coef: float, total: Total = alone) -> Tensor:
    """(P, G, T) advantages of REINFORCE++ with baseline (Hu et al. 2025, eqs. 6, 7): the group's mean off, then one normalisation for all.

        return_t    = r - mean_group - kl_coef * sum_{i >= t} kl_i
        advantage_t = (return_t - mean) / sqrt(max(var, 1e-8))          as in `reinforce_pp`

    The KL is k1 in the reward as in OpenRLHF of April 2025; later versions of the paper have a k2 loss instead. Arguments as there.
    """
    return normalise(_returns(_centred(rewards_PG), kl_PGT, mask_PGT, kl_coef), mask_PGT, total=total)


def reinforce_pp(rewards_PG: Tensor, kl_PGT: Tensor, mask_PGT: Tensor, *, kl_coef: float, total: Total = alone) -> Tensor:
    """(P, G, T) advantages of REINFORCE++ (Hu et al. 2025, eqs. 1, 4, 5): no critic, no group baseline, one normalisation for all.

        return_t    = r - kl_coef * sum_{i >= t} kl_i                   (k1 KL inside the reward, discount 1)
        advantage_t = (return_t - mean) / sqrt(max(var, 1e-8))          mean and population variance over all tokens of the batch

    Args:
        rewards_PG: one reward a sample.
        kl_PGT: log p - log p_reference of each sampled token.
        mask_PGT: 1 at tokens, 0 at padding.
        kl_coef: weight of the KL inside the reward.
        total: sums over processes.
    """
    return normalise(_returns(rewards_PG, kl_PGT, mask_PGT, kl_coef), mask_PGT, total=total)


def normalise(values: Tensor, mask: Tensor, *, total: Total = alone) -> Tensor:
    """Zero mean and unit variance over all tokens of the global batch, longer samples weighing more; 0 at padding."""
    count = total(mask.sum()).clamp(min=1)
    centred = (values - total((values * mask).sum()) / count) * mask
    variance = total(centred.square().sum()) / count
    return centred / variance.clamp(min=SMALLEST_VARIANCE).sqrt()


def varied(rewards_PG: Tensor) -> Tensor:
    """(P, 1) 1 where the samples of a prompt differ in reward: only those tell a group estimator anything."""
    return (rewards_PG.amax(dim=1, keepdim=True) > rewards_PG.amin(dim=1, keepdim=True)).to(rewards_PG.dtype)


def k2(difference: Tensor) -> Tensor:
    """d² / 2 of d = log p - log p_reference; its gradient is in the mean that of the KL (Schulman, "Approximating KL divergence")."""
    return difference.square() / 2


def k3(difference: Tensor) -> Tensor:
    """exp(-d) - 1 + d, the unbiased and never negative estimate of the KL in GRPO's loss (DeepSeekMath eq. 4)."""
    return torch.expm1(-difference) + difference


def _centred(rewards_PG: Tensor) -> Tensor:
    """Rewards less their group's mean; exactly 0 where they are all one, whose mean may be off by a rounding error."""
    return (rewards_PG - rewards_PG.mean(dim=1, keepdim=True)) * varied(rewards_PG)


def _returns(rewards_PG: Tensor, kl_PGT: Tensor, mask_PGT: Tensor, kl_coef: float) -> Tensor:
    """The reward at a sample's end and the KL of this and later tokens; 0 at padding."""
    kl_from_here = (kl_PGT * mask_PGT).flip(-1).cumsum(-1).flip(-1)
    return (rewards_PG[..., None] - kl_coef * kl_from_here) * mask_PGT


class Advantages(Protocol):
    """What the three functions above are."""

    def __call__(self, rewards_PG: Tensor, kl_PGT: Tensor, mask_PGT: Tensor, *, kl_coef: float, total: Total = ...) -> Tensor:
        """(P, G, T)."""


@dataclass(frozen=True)
class Estimator:
    """A way from rewards to a policy gradient.

    Attributes:
        kl: where and how the KL enters.
        grouped: whether samples are compared with the others of their prompt; two are needed then, and of one reward they say nothing.
        by_sample: whether the loss is a mean over samples of a mean over tokens (DeepSeekMath eq. 3), or a mean over all tokens.
    """

    advantages: Advantages
    kl: KlForm
    grouped: bool
    by_sample: bool = False


ESTIMATORS = {
    "reinforce_pp": Estimator(reinforce_pp, kl="k1_reward", grouped=False),
    "reinforce_pp_baseline": Estimator(reinforce_pp_baseline, kl="k1_reward", grouped=True),
    "grpo": Estimator(grpo, kl="k3_loss", grouped=True, by_sample=True),
}
"""Names in params.yaml (`rl.algorithms`), each as its paper has it, but for the KL of reinforce_pp_baseline, which says so."""
