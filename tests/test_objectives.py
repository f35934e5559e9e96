"""Outcomes, rewards and objectives against brute force, on policies that are tables of logits."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from gencls.decoding import label_log_probabilities
from gencls.rl.advantages import ESTIMATORS, alone
from gencls.rl.objectives import PolicyGradient, Scored, expected, supervised
from gencls.rl.outcomes import Outcomes, draw, kl
from gencls.rl.rewards import reward_table
from gencls.trie import LabelTrie

SEQUENCES = [[1, 2, 0], [1, 3, 0], [4, 0]]
TRIE = LabelTrie(SEQUENCES)
SPACE = Outcomes(TRIE, torch.device("cpu"))
SINGLE = LabelTrie([[1], [2], [3]])
VOCABULARY = 6
"""Token 5 is never used: the way out of the label set."""


def table(seed: int, trie: LabelTrie = TRIE, prompts: int = 1) -> Tensor:
    """Logits (P, slots, V) of a policy."""
    return torch.randn(prompts, len(trie.tokens) + 1, VOCABULARY, generator=torch.Generator().manual_seed(seed)).double()


def edges_of(logits: Tensor, trie: LabelTrie = TRIE) -> Tensor:
    return logits.log_softmax(-1)[:, trie.edge_slots, trie.edge_tokens].float()


def uniform(samples: int, seed: int = 0, prompts: int = 1) -> Tensor:
    return torch.rand(prompts, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_outcomes_are_a_distribution_and_exact_draws_follow_it() -> None:
    """Chi-square of 200,000 draws against the trie's own probabilities."""
    log_p = SPACE.log_probabilities(edges_of(table(0)))
    torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(1))
    counts = np.bincount(draw(log_p, uniform(200_000))[0].numpy(), minlength=4)
    assert counts.min() > 20
    shares = log_p[0].exp().numpy().astype(float)
    assert chisquare(counts, shares / shares.sum() * 200_000).pvalue > 0.001


def test_an_outcome_without_probability_is_never_drawn() -> None:
    log_p = torch.tensor([[0.0, 0.5, 0.0, 0.5, 0.0]]).log()
    ends = torch.tensor([[0.0, 0.25, 0.5, 0.75, 1 - 1e-16]], dtype=torch.float64)
    assert draw(log_p, ends).tolist() == [[1, 1, 3, 3, 3]]


def test_token_log_probabilities_of_an_outcome_sum_to_its_own() -> None:
    edges = edges_of(table(1, prompts=2))
    log_p, drawn = SPACE.log_probabilities(edges), torch.arange(4).expand(2, 4)
    torch.testing.assert_close((SPACE.tokens(edges, log_p, drawn) * SPACE.mask[drawn]).sum(-1), log_p)


def test_outside_means_the_same_in_training_and_in_evaluation() -> None:
    edges = edges_of(table(2, prompts=5))
    in_training = SPACE.log_probabilities(edges)[:, -1].exp().numpy()
    in_evaluation = 1 - np.exp(label_log_probabilities(edges.numpy().astype(float), TRIE)).sum(axis=1)
    np.testing.assert_allclose(in_training, in_evaluation, atol=1e-6)


def test_the_kl_to_the_reference_is_the_sum_over_labels_and_outside() -> None:
    logits, reference = table(3), table(4)

    def distribution(logits: Tensor) -> list[float]:
        probabilities = []
        for sequence in SEQUENCES:
            p, slot = 1.0, 0
            for token in sequence:
                p *= float(logits[0, slot].softmax(-1)[token])
                slot = {1: 1, 2: 2, 3: 3, 4: 4}.get(token, 0)  # nodes in the order in which the trie meets them
            probabilities.append(p)
        return [*probabilities, 1 - sum(probabilities)]

    p, q = distribution(logits), distribution(reference)
    brute = sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
    exact = kl(SPACE.log_probabilities(edges_of(logits)), SPACE.log_probabilities(edges_of(reference)))
    assert exact.item() == pytest.approx(brute, abs=1e-5)


def gradient(objective: Any, trie: LabelTrie, *, right: float = 1.0, wrong: float = 0.0) -> Tensor:
    """Of `objective(scored)` with respect to the logits; gold is label 0."""
    logits = table(5, trie).requires_grad_()
    space = Outcomes(trie, torch.device("cpu"))
    rewards = torch.tensor([[right, wrong, wrong, wrong]])
    scored = Scored(space, edges_of(logits, trie), edges_of(table(6, trie), trie), rewards, torch.tensor([0]), torch.ones(1))
    objective(scored).backward()
    assert logits.grad is not None
    return logits.grad


def policy_gradient(name: str, *, form: str = "paper", coef: float = 0.0, samples: int = 200_000) -> Any:
    estimator = ESTIMATORS[name]
    kl_form: Any = estimator.kl if form == "paper" else form
    objective = PolicyGradient(estimator, kl_form, coef, drop_dead_groups=False)
    return lambda scored: objective(scored, draw(scored.outcomes.detach(), uniform(samples)), alone)


@pytest.mark.parametrize("coef", [0.0, 0.5], ids=["no kl", "kl"])
@pytest.mark.parametrize("name", ["reinforce_pp", "reinforce_pp_baseline"])
def test_over_many_draws_the_sampled_gradient_is_the_exact_one(name: str, coef: float) -> None:
    """Up to one positive factor, the standard deviation that the estimator divides by; k1 in the reward gives the gradient of the KL."""
    exact = gradient(lambda scored: expected(scored, coef, alone), SINGLE)
    sampled = gradient(policy_gradient(name, form="k1_reward", coef=coef), SINGLE)
    factor = (sampled * exact).sum() / exact.square().sum()
    assert factor > 0
    assert (sampled / factor - exact).norm() / exact.norm() < 0.02


def test_over_many_draws_grpo_is_the_exact_gradient_over_the_deviation_of_the_rewards() -> None:
    exact = gradient(lambda scored: expected(scored, 0.0, alone), SINGLE)
    p = Outcomes(SINGLE, torch.device("cpu")).log_probabilities(edges_of(table(5, SINGLE), SINGLE)).exp()[0, 0].item()
    sampled = gradient(policy_gradient("grpo"), SINGLE) * (p * (1 - p)) ** 0.5
    assert (sampled - exact).norm() / exact.norm() < 0.02


def test_labels_of_several_tokens_do_not_bend_the_gradient_of_reinforce_pp() -> None:
    exact = gradient(lambda scored: expected(scored, 0.0, alone), TRIE)
    sampled = gradient(policy_gradient("reinforce_pp"), TRIE)
    assert torch.cosine_similarity(sampled.flatten(), exact.flatten(), dim=0) > 0.999


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_k2_loss_pulls_with_the_gradient_of_the_kl(name: str) -> None:
    """Rewards are all one, so that nothing but the KL pulls."""
    exact = gradient(lambda scored: kl(scored.outcomes, scored.reference).sum(), SINGLE)
    sampled = gradient(policy_gradient(name, form="k2_loss", coef=1.0), SINGLE, right=0.0)
    assert (sampled - exact).norm() / exact.norm() < 0.02


def test_the_k3_loss_of_grpo_is_in_the_mean_the_kl() -> None:
    def loss(scored: Scored) -> Tensor:
        return policy_gradient("grpo", coef=1.0)(scored)

    logits = table(5, SINGLE)
    space = Outcomes(SINGLE, torch.device("cpu"))
    scored = Scored(
        space, edges_of(logits, SINGLE), edges_of(table(6, SINGLE), SINGLE), torch.zeros(1, 4), torch.tensor([0]), torch.ones(1)
    )
    assert loss(scored).item() == pytest.approx(kl(scored.outcomes, scored.reference).item(), rel=0.02)


@pytest.mark.parametrize("form", ["k1_reward", "k2_loss", "k3_loss"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_pull_on_each_token_is_the_gradient_of_the_objective(name: str, form: Any) -> None:
    """Some groups are dead, labels have several tokens."""
    edges, reference = edges_of(table(7, prompts=3)).requires_grad_(), edges_of(table(8, prompts=3))
    gold, drawn = torch.tensor([0, 1, 2]), torch.tensor([[0, 1, 3, 0], [1, 1, 1, 1], [0, 1, 0, 1]])
    rewards = reward_table(["a", "b", "c"], wrong=-1.0)[gold]
    scored = Scored(SPACE, edges, reference, rewards, gold, torch.ones(3))
    objective = PolicyGradient(ESTIMATORS[name], form, 0.1, drop_dead_groups=True)
    (whole,) = torch.autograd.grad(objective(scored, drawn, alone), edges, retain_graph=True)
    log_p, reference_log_p, mask = scored.tokens(drawn)
    with torch.no_grad():
        pull = objective.pull(rewards.gather(1, drawn), log_p - reference_log_p, mask, alone)
    (found,) = torch.autograd.grad(-(pull * log_p).sum(), edges)
    torch.testing.assert_close(found, whole)


def test_dead_groups_leave_the_denominators_of_group_estimators_and_of_those_only() -> None:
    edges = edges_of(table(7, prompts=3))
    rewards = reward_table(["a", "b", "c"], wrong=0.0)[torch.tensor([0, 1, 2])]
    drawn = torch.tensor([[0, 1, 3, 0], [1, 1, 1, 1], [0, 1, 0, 1]])

    def loss(name: str, rows: slice, *, drop: bool) -> float:
        scored = Scored(
            SPACE, edges[rows], edges_of(table(8, prompts=3))[rows], rewards[rows], torch.tensor([0, 1, 2])[rows], torch.ones(3)[rows]
        )
        estimator = ESTIMATORS[name]
        return PolicyGradient(estimator, estimator.kl, 0.1, drop)(scored, drawn[rows], alone).item()

    for name in ("grpo", "reinforce_pp_baseline"):
        assert loss(name, slice(0, 3), drop=True) == pytest.approx(loss(name, slice(0, 1), drop=False), abs=1e-6)
        assert loss(name, slice(1, 3), drop=True) == 0
    assert loss("reinforce_pp", slice(0, 3), drop=True) == loss("reinforce_pp", slice(0, 3), drop=False)


def test_supervised_is_the_mean_weighted_cross_entropy_of_the_gold_label_s_tokens() -> None:
    logits = table(9, prompts=2)
    edges = edges_of(logits)
    loss = supervised(Scored(SPACE, edges, edges, torch.zeros(2, 4), torch.tensor([0, 2]), torch.tensor([0.5, 1.5])), alone)
    p = logits.log_softmax(-1)
    weighted = [0.5 * p[0, 0, 1], 0.5 * p[0, 1, 2], 0.5 * p[0, 2, 0], 1.5 * p[1, 0, 4], 1.5 * p[1, 4, 0]]
    assert loss.item() == pytest.approx(-sum(map(float, weighted)) / 5, abs=1e-5)


def test_only_the_gold_label_is_rewarded_and_outside_counts_as_wrong() -> None:
    assert reward_table(["a", "b"], wrong=-1.0).tolist() == [[1, -1, -1], [-1, 1, -1]]
    assert reward_table(["a", "Uncertain"], wrong=0.0)[0].tolist() == [1, 0, 0]
