"""Roles: which cells of the grid the test split is run for."""

from gencls.selection import Cell, asked_alike, roles, title

UNDER = {
    "sft/zero_shot": "zero_shot",
    "sft/similar_3": "similar_3",
    "rl/zero_shot/grpo": "zero_shot",
    "rl/similar_3/grpo": "similar_3",
}


def cell(model: str, infer: str, accuracy: float, decoding: str = "trie") -> Cell:
    return Cell(*model.split("/", 1), infer, decoding, accuracy, accuracy)


def test_each_role_has_its_cell() -> None:
    grid = [
        cell("sft/zero_shot", "zero_shot", 0.70),
        cell("sft/zero_shot", "zero_shot", 0.90, "perplexity"),
        cell("sft/zero_shot", "similar_3", 0.71),
        cell("sft/similar_3", "zero_shot", 0.60),
        cell("sft/similar_3", "similar_3", 0.80),
        cell("rl/zero_shot/grpo", "zero_shot", 0.72),
        cell("rl/zero_shot/grpo", "similar_3", 0.95),
    ]
    assert {role: found.title for role, found in roles(grid, UNDER).items()} == {
        "naive_sft": "sft/zero_shot · zero_shot · trie",
        "best_train": "sft/similar_3 · similar_3 · trie",
        "best_cell": "sft/zero_shot · zero_shot · perplexity",
        "warm_up": "sft/zero_shot · zero_shot · trie",
        "rl_grpo": "rl/zero_shot/grpo · zero_shot · trie",
        "best": "rl/zero_shot/grpo · similar_3 · trie",
    }


def test_each_warm_up_and_each_model_that_started_there_has_a_role_of_its_own() -> None:
    grid = [
        cell("sft/zero_shot", "zero_shot", 0.70),
        cell("sft/similar_3", "similar_3", 0.80),
        cell("rl/zero_shot/grpo", "zero_shot", 0.72),
        cell("rl/similar_3/grpo", "similar_3", 0.81),
    ]
    found = {role: chosen.model for role, chosen in roles(grid, UNDER).items()}
    assert found["warm_up"] == "sft/zero_shot" and found["rl_grpo"] == "rl/zero_shot/grpo"
    assert found["warm_up_similar_3"] == "sft/similar_3" and found["rl_similar_3_grpo"] == "rl/similar_3/grpo"
    assert grid[3].key == "rl-similar_3-grpo-similar_3-trie"


def test_of_equal_cells_the_earlier_is_chosen() -> None:
    grid = [cell("sft/zero_shot", "zero_shot", 0.7), cell("sft/similar_3", "similar_3", 0.7)]
    assert roles(grid, UNDER)["best_cell"] == grid[0]


def test_a_role_without_a_cell_is_absent() -> None:
    found = roles([cell("sft/similar_3", "zero_shot", 0.7, "likelihood")], UNDER)
    assert set(found) == {"best_cell", "best"}


def test_another_model_asked_alike_has_a_title_that_differs_in_the_model_alone() -> None:
    assert asked_alike(cell("rl/zero_shot/grpo", "similar_3", 0.7).title, "sft/zero_shot") == "sft/zero_shot · similar_3 · trie"
    assert title("baseline/majority", "", "") == "baseline/majority"
