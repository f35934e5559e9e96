"""The builtin tokenizer and seeded BPE-dropout."""

from typing import Any

import numpy as np
import pytest
from conftest import rows

from gencls.tokenizer import Unmerger, train_tokenizer


@pytest.mark.parametrize("text", ["refund my order", "  two  spaces ", "股市 ünïcode 🙂", "tab\tnewline\n\x00", "<|end|>"])
def test_every_string_round_trips(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_the_same_texts_give_the_same_tokenizer() -> None:
    texts = [text for text, _ in rows(100)]
    first, second = (train_tokenizer(texts, 320).backend_tokenizer.to_str() for _ in range(2))
    assert first == second


def test_unmerging_keeps_the_string_and_makes_more_tokens(tokenizer: Any) -> None:
    ids = tokenizer("money back please where parcel", add_special_tokens=False)["input_ids"]
    other = Unmerger(tokenizer, 0.5)(ids, np.random.default_rng(0))
    assert tokenizer.decode(other) == tokenizer.decode(ids)
    assert len(other) > len(ids)


def test_unmerging_is_decided_by_the_seed(tokenizer: Any) -> None:
    ids = tokenizer("money back please where parcel", add_special_tokens=False)["input_ids"]
    unmerge = Unmerger(tokenizer, 0.3)
    assert unmerge(ids, np.random.default_rng(1)) == unmerge(ids, np.random.default_rng(1))
    assert len({tuple(unmerge(ids, np.random.default_rng(seed))) for seed in range(8)}) > 1


def test_a_probability_of_one_leaves_single_bytes_and_of_zero_changes_nothing(tokenizer: Any) -> None:
    ids = tokenizer("parcel", add_special_tokens=False)["input_ids"]
    assert len(Unmerger(tokenizer, 1.0)(ids, np.random.default_rng(0))) == len("parcel")
    assert Unmerger(tokenizer, 0.0)(ids, np.random.default_rng(0)) == ids
