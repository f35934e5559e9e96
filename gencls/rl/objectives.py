"""What a step minimises: the policy gradient over drawn labels, minus the expected reward over all labels, or plain cross-entropy.

    PolicyGradient  -mean(advantage * log p(token)) + kl_coef * mean(k2 or k3), or the KL inside the reward
    expected        -mean over prompts of sum_o p(o) * reward(o), + kl_coef * mean over prompts of KL
    supervised      -mean over label tokens of weight(row) * log p(token of the gold label)

One update follows each rollout, so the policy that samples is the policy that learns: PPO's ratio is 1 and its clip never acts. Neither
stands here. For the same reason a policy gradient is known before its loss is: `PolicyGradient.pull` says by what each token's
log-probability is multiplied, for trainers that compute log-probabilities later and in parts. `expected` is what the estimators estimate,
without sampling and without normalisation. `supervised` is continued SFT, the control that tells whether the reward helped or only more
steps on the same rows.

Every function gives one process's share of the objective: the shares of all processes sum to that of the global batch.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gencls.rl.advantages import Estimator, KlForm, Total, k2, k3, varied
from gencls.rl.outcomes import Outcomes, expectation, kl

PENALTIES = {"k2_loss": k2, "k3_loss": k3}


@dataclass(frozen=True)
class Scored:
    """The prompts of a step as the policy, with gradients, and the reference score them.

    Attributes:
        space: the outcomes.
        edges: (P, E) log-probabilities.
        reference_edges: the same by the warm-up.
        rewards: (P, L + 1) of each outcome, times the row's weight.
        gold: (P,) label numbers.
        weights: (P,) of the rows.
    """

    space: Outcomes
    edges: Tensor
    reference_edges: Tensor
    rewards: Tensor
    gold: Tensor
    weights: Tensor

    @cached_property
    def outcomes(self) -> Tensor:
        """(P, L + 1) log-probabilities of the policy."""
        return self.space.log_probabilities(self.edges)

    @cached_property
    def reference(self) -> Tensor:
        """(P, L + 1) log-probabilities of the warm-up."""
        return self.space.log_probabilities(self.reference_edges)

    def right(self) -> Tensor:
        """(P,) probability of the gold label."""
        return self.outcomes.gather(1, self.gold[:, None])[:, 0].exp()

    def tokens(self, drawn_PG: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(P, G, T) of drawn outcomes: log-probability, that of the warm-up, mask."""
        reference = self.space.tokens(self.reference_edges, self.reference, drawn_PG)
        return self.space.tokens(self.edges, self.outcomes, drawn_PG), reference, self.space.mask[drawn_PG]


@dataclass(frozen=True)
class PolicyGradient:
    """The sampled objective of an estimator.

    Attributes:
        kl_form: where and how the KL enters; `estimator.kl` is what params.yaml calls `paper`.
        drop_dead_groups: a group estimator treats a group of one reward as if it had not been drawn: it leaves the normalisation and the
            denominators instead of diluting them, and its KL does not pull.
    """

    estimator: Estimator
    kl_form: KlForm
    kl_coef: float
    drop_dead_groups: bool

    def __call__(self, scored: Scored, drawn_PG: Tensor, total: Total) -> Tensor:
        """This process's share."""
        log_p, reference, mask = scored.tokens(drawn_PG)
        difference = log_p - reference
        advantages, weights = self._weighted(scored.rewards.gather(1, drawn_PG), difference.detach(), mask, total)
        gain = advantages * log_p
        if self.kl_form != "k1_reward":
            gain = gain - self.kl_coef * PENALTIES[self.kl_form](difference)
        return -(gain * weights).sum()

    def pull(self, rewards_PG: Tensor, difference_PGT: Tensor, mask_PGT: Tensor, total: Total) -> Tensor:
        """(P, G, T) c of the same gradient, -sum of c * gradient of log p over the global batch; 0 at padding.

        `difference_PGT` is log p - log p_reference of each token. A KL in the loss adds minus its slope there.
        """
        advantages, weights = self._weighted(rewards_PG, difference_PGT, mask_PGT, total)
        if self.kl_form != "k1_reward":
            with torch.enable_grad():
                at = difference_PGT.detach().requires_grad_()
                (slope,) = torch.autograd.grad(PENALTIES[self.kl_form](at).sum(), at)
            advantages = advantages - self.kl_coef * slope
        return advantages * weights

    def _weighted(self, rewards: Tensor, difference: Tensor, mask: Tensor, total: Total) -> tuple[Tensor, Tensor]:
        """(P, G, T) advantages, and weights that sum to 1 over the global batch."""
        if self.drop_dead_groups and self.estimator.grouped:
            mask = mask * varied(rewards)[..., None]
        inside = self.kl_coef if self.kl_form == "k1_reward" else 0.0
        return self.estimator.advantages(rewards, difference, mask, kl_coef=inside, total=total), self._weights(mask, total)

    def _weights(self, mask: Tensor, total: Total) -> Tensor:
        """(P, G, T), summing to 1 over the global batch."""
        if self.estimator.by_sample:
            mask = mask / mask.sum(dim=-1, keepdim=True).clamp(min=1)
        return mask / total(mask.sum()).clamp(min=1)


def expected(scored: Scored, kl_coef: float, total: Total) -> Tensor:
    """This process's share of minus the expected reward, with the exact KL."""
    prompts = total(scored.edges.new_tensor(len(scored.gold)))
    return (kl_coef * kl(scored.outcomes, scored.reference) - expectation(scored.outcomes, scored.rewards)).sum() / prompts


def supervised(scored: Scored, total: Total) -> Tensor:
    """This process's share of the mean weighted negative log-likelihood of the gold labels' tokens, the loss of SFT."""
    log_p, _, mask = scored.tokens(scored.gold[:, None])
    return -((log_p * mask).sum(dim=(1, 2)) * scored.weights).sum() / total(mask.sum())
