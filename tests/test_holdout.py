"""Rows that the warm-up leaves out for RL."""

from collections import Counter

import pytest

from gencls.errors import InputError
from gencls.holdout import split
from gencls.prompts import Prompt


def prompts(n: int = 100) -> list[Prompt]:
    return [Prompt(f"train-{i:05d}", [("fixed", "Text: "), ("text", f"text {i // 2}")], "ab"[i // 2 % 5 == 0]) for i in range(n)]


def test_the_parts_are_disjoint_stratified_and_complete_and_equal_texts_stay_together() -> None:
    seen, held = split(prompts(), 0.3, seed=7)
    assert not {p.text for p in seen} & {p.text for p in held}
    assert sorted(p.id for p in seen + held) == [p.id for p in prompts()]
    assert Counter(p.label for p in held) == {"a": 24, "b": 6}
    assert [p.id for p in held] == sorted(p.id for p in held), "the order of the rows is kept"


def test_the_seed_decides() -> None:
    assert split(prompts(), 0.3, seed=7) == split(prompts(), 0.3, seed=7) != split(prompts(), 0.3, seed=8)


def test_without_a_share_both_see_all_rows() -> None:
    assert split(prompts(), 0.0, seed=7) == (prompts(), prompts())


def test_a_share_too_small_for_any_row_is_an_error() -> None:
    with pytest.raises(InputError, match=r"rl\.holdout 0\.01 of 10 training rows holds out none"):
        split(prompts(10), 0.01, seed=7)
