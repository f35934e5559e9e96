"""Worked numbers of the estimators: three prompts x four samples, computed with OpenRLHF's own functions."""

import torch

from gencls.rl.advantages import reinforce_pp

REWARDS = torch.tensor([[1.0, 0, 0, 1], [1, 1, 1, 0], [1, 1, 1, 1]])
LENGTHS = torch.tensor([[2, 1, 1, 3], [1, 1, 1, 2], [1, 1, 1, 1]])


def test_reinforce_pp_with_one_token_answers_equals_the_worked_numbers() -> None:
    ones = torch.ones(3, 4, 1)
    advantages = reinforce_pp(REWARDS, 0 * ones, ones, kl_coef=0.01)
    right, wrong = 0.5774, -1.7321
    expected = torch.tensor([[right, wrong, wrong, right], [right, right, right, wrong], [right] * 4])
    torch.testing.assert_close(advantages[..., 0], expected, atol=5e-5, rtol=0)


def test_reinforce_pp_with_ragged_answers_and_kl_in_the_reward_equals_the_worked_numbers() -> None:
    mask = (torch.arange(3) < LENGTHS[..., None]).float()
    advantages = reinforce_pp(REWARDS, torch.full((3, 4, 3), 0.1), mask, kl_coef=0.01)
    expected = torch.tensor(
        [
            [[0.5758, 0.5781, 0], [-1.7315, 0, 0], [-1.7315, 0, 0], [0.5735, 0.5758, 0.5781]],
            [[0.5781, 0, 0], [0.5781, 0, 0], [0.5781, 0, 0], [-1.7338, -1.7315, 0]],
            [[0.5781, 0, 0]] * 4,
        ]
    )
    torch.testing.assert_close(advantages, expected, atol=5e-5, rtol=0)


def test_constant_rewards_without_kl_give_no_advantage() -> None:
    ones = torch.ones(2, 3, 1)
    assert reinforce_pp(torch.ones(2, 3), 0 * ones, ones, kl_coef=0.0).abs().max() == 0
