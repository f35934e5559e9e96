"""Advantage estimators as pure functions of rewards, per-token KL and masks.

Legend of axes: P prompts, G samples of a prompt, T tokens of a sample.
"""

from torch import Tensor

SMALLEST_VARIANCE = 1e-8


def reinforce_pp(rewards_PG: Tensor, kl_PGT: Tensor, mask_PGT: Tensor, *, kl_coef: float) -> Tensor:
    """(P, G, T) advantages of REINFORCE++ (Hu et al. 2025, eqs. 1, 4, 5): no critic, no group baseline, one normalisation for all.

        return_t    = r - kl_coef * sum_{i >= t} kl_i                   (k1 KL inside the reward, discount 1)
        advantage_t = (return_t - mean) / sqrt(max(var, 1e-8))          mean and population variance over all tokens of the batch

    Args:
        rewards_PG: one reward a sample.
        kl_PGT: log p - log p_reference of each sampled token.
        mask_PGT: 1 at tokens, 0 at padding.
        kl_coef: weight of the KL.
    """
    token_kl = kl_PGT * mask_PGT
    kl_from_here = token_kl.flip(-1).cumsum(-1).flip(-1)
    return normalise((rewards_PG[..., None] - kl_coef * kl_from_here) * mask_PGT, mask_PGT)


def normalise(values: Tensor, mask: Tensor) -> Tensor:
    """Zero mean and unit variance over all tokens of the batch, longer samples weighing more; 0 at padding."""
    count = mask.sum()
    mean = (values * mask).sum() / count
    variance = ((values - mean).square() * mask).sum() / count
    return (values - mean) * mask / variance.clamp(min=SMALLEST_VARIANCE).sqrt()


ESTIMATORS = {"reinforce_pp": reinforce_pp}
"""Names in params.yaml (`rl.algorithms`)."""
