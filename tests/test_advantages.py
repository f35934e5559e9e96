"""Worked numbers of the estimators: three prompts x four samples, computed with OpenRLHF's own functions."""

import pytest
import torch
from torch import Tensor

from gencls.rl.advantages import ESTIMATORS, grpo, k2, k3, normalise, reinforce_pp, reinforce_pp_baseline, varied

REWARDS = torch.tensor([[1.0, 0, 0, 1], [1, 1, 1, 0], [1, 1, 1, 1]])
LENGTHS = torch.tensor([[2, 1, 1, 3], [1, 1, 1, 2], [1, 1, 1, 1]])
RAGGED = (torch.arange(3) < LENGTHS[..., None]).float()
ONES = torch.ones(3, 4, 1)

ONE_TOKEN = {
    reinforce_pp: [[0.5774, -1.7321, -1.7321, 0.5774], [0.5774, 0.5774, 0.5774, -1.7321], [0.5774] * 4],
    reinforce_pp_baseline: [[1.3093, -1.3093, -1.3093, 1.3093], [0.6547, 0.6547, 0.6547, -1.9640], [0.0] * 4],
    grpo: [[0.8660, -0.8660, -0.8660, 0.8660], [0.5, 0.5, 0.5, -1.5], [0.0] * 4],
}
KL_IN_THE_REWARD = {
    reinforce_pp: [
        [[0.5758, 0.5781], [-1.7315], [-1.7315], [0.5735, 0.5758, 0.5781]],
        [[0.5781], [0.5781], [0.5781], [-1.7338, -1.7315]],
        [[0.5781]] * 4,
    ],
    reinforce_pp_baseline: [
        [[1.0405, 1.0428], [-1.2569], [-1.2569], [1.0382, 1.0405, 1.0428]],
        [[0.4678], [0.4678], [0.4678], [-1.8342, -1.8319]],
        [[-0.1071]] * 4,
    ],
    grpo: [
        [[0.8640, 0.8650], [-0.8670], [-0.8670], [0.8630, 0.8640, 0.8650]],
        [[0.4990], [0.4990], [0.4990], [-1.5020, -1.5010]],
        [[-0.0010]] * 4,
    ],
}


def padded(ragged: list[list[list[float]]]) -> Tensor:
    return torch.tensor([[[*tokens, *[0.0] * (3 - len(tokens))] for tokens in group] for group in ragged])


def name(estimator: object) -> str:
    return getattr(estimator, "__name__", "")


@pytest.mark.parametrize("estimator", ONE_TOKEN, ids=name)
def test_one_token_answers_give_the_worked_numbers(estimator) -> None:
    advantages = estimator(REWARDS, 0 * ONES, ONES, kl_coef=0.01)
    torch.testing.assert_close(advantages[..., 0], torch.tensor(ONE_TOKEN[estimator]), atol=5e-5, rtol=0)


@pytest.mark.parametrize("estimator", KL_IN_THE_REWARD, ids=name)
def test_ragged_answers_with_kl_in_the_reward_give_the_worked_numbers(estimator) -> None:
    advantages = estimator(REWARDS, torch.full((3, 4, 3), 0.1), RAGGED, kl_coef=0.01)
    torch.testing.assert_close(advantages, padded(KL_IN_THE_REWARD[estimator]), atol=5e-5, rtol=0)


@pytest.mark.parametrize("reward", [1.0, 0.1, 1.37])
@pytest.mark.parametrize("estimator", ONE_TOKEN, ids=name)
def test_one_reward_for_all_without_kl_gives_no_advantage(estimator, reward: float) -> None:
    """Also where the mean of equal numbers is not quite that number in float32."""
    ones = torch.ones(2, 7, 1)
    assert estimator(torch.full((2, 7), reward), 0 * ones, ones, kl_coef=0.0).abs().max() < 1e-2


def test_group_estimators_give_a_group_of_one_reward_exactly_nothing() -> None:
    rewards = torch.tensor([[1.37] * 7, [1.37, -1.37] * 3 + [1.37]])
    ones = torch.ones(2, 7, 1)
    assert grpo(rewards, 0 * ones, ones, kl_coef=0.0)[0].abs().max() == 0
    assert varied(rewards).flatten().tolist() == [0, 1]
    alive = ones * varied(rewards)[..., None]
    assert reinforce_pp_baseline(rewards, 0 * ones, alive, kl_coef=0.0)[0].abs().max() == 0


def test_plain_reinforce_pp_takes_0_1_and_1_1_rewards_for_the_same_where_there_is_no_kl() -> None:
    symmetric = reinforce_pp(2 * REWARDS - 1, 0 * ONES, ONES, kl_coef=0.0)
    torch.testing.assert_close(symmetric, reinforce_pp(REWARDS, 0 * ONES, ONES, kl_coef=0.0))


def test_a_batch_whose_tokens_are_all_masked_gives_nothing_and_no_nan() -> None:
    for estimator in ESTIMATORS.values():
        assert estimator.advantages(REWARDS, ONES, 0 * ONES, kl_coef=0.01).abs().max() == 0


def test_normalisation_is_over_all_processes() -> None:
    """Two halves, each with a `total` that adds what the other half has, are normalised as the whole is."""
    generator = torch.Generator().manual_seed(0)
    values, mask = torch.randn(4, 3, 2, generator=generator), (torch.rand(4, 3, 2, generator=generator) > 0.3).float()
    whole = normalise(values, mask)
    count, mean = mask.sum(), (values * mask).sum() / mask.sum()
    sums = [count, (values * mask).sum(), ((values - mean) * mask).square().sum()]
    for half in (slice(0, 2), slice(2, 4)):
        answers = iter(sums)
        torch.testing.assert_close(normalise(values[half], mask[half], total=lambda _, answers=answers: next(answers)), whole[half])


def test_the_estimates_of_the_kl_are_those_of_the_paper() -> None:
    difference = torch.tensor([-0.5, 0.0, 0.2])
    torch.testing.assert_close(k2(difference), torch.tensor([0.125, 0.0, 0.02]))
    torch.testing.assert_close(k3(difference), torch.tensor([0.5, 0.0, -0.2]).exp() - 1 + difference)
