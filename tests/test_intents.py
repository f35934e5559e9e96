"""The generated data set `intents`: repeatable, honest splits, recorded noise, and not solved by a bag of words."""

import random
import re
from collections import Counter
from collections.abc import Iterable

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from gencls.params import SplitRows
from gencls.sources.intents import DEFINITIONS, generate
from gencls.sources.intents.compose import Composer, held_back
from gencls.sources.intents.generate import _new_message
from gencls.sources.intents.grammar import INTENTS
from gencls.sources.rows import SourceError

SMALL = SplitRows(train=60, validation=20, test=20)
MIDDLE = SplitRows(train=1200, validation=100, test=500)
NOISE = 0.04


@pytest.fixture(scope="module")
def middle() -> dict[str, pd.DataFrame]:
    return generate(MIDDLE, noise=NOISE, seed=7)


def test_the_same_seed_gives_the_same_rows() -> None:
    first, second = (generate(SMALL, noise=NOISE, seed=3) for _ in range(2))
    for split in first:
        pd.testing.assert_frame_equal(first[split], second[split])


def test_another_seed_gives_other_rows() -> None:
    first, second = (generate(SMALL, noise=NOISE, seed=seed)["test"] for seed in (3, 4))
    assert set(first["text"]).isdisjoint(second["text"])


@pytest.mark.parametrize("rows", [SMALL, MIDDLE, SplitRows(train=16, validation=17, test=31)])
def test_every_split_has_the_rows_asked_for_and_every_intent(rows: SplitRows) -> None:
    splits = generate(rows, noise=NOISE, seed=7)
    assert {split: len(frame) for split, frame in splits.items()} == rows.model_dump()
    for frame in splits.values():
        assert set(frame["label"]) == set(DEFINITIONS)


def test_the_columns_are_text_and_label_and_in_training_the_truth(middle: dict[str, pd.DataFrame]) -> None:
    assert list(middle["train"]) == ["text", "label", "clean_label"]
    assert list(middle["validation"]) == list(middle["test"]) == ["text", "label"]


def test_the_largest_class_has_at_most_three_times_the_rows_of_the_smallest(middle: dict[str, pd.DataFrame]) -> None:
    for frame in middle.values():
        counts = frame["label"].value_counts()
        assert 1 < counts.max() / counts.min() <= 3


def test_no_text_occurs_twice_in_or_across_splits(middle: dict[str, pd.DataFrame]) -> None:
    texts = [re.sub(r"\W", "", text.casefold()) for frame in middle.values() for text in frame["text"]]
    assert len(texts) == len(set(texts))


def test_a_larger_training_split_leaves_the_other_splits_as_they_are(middle: dict[str, pd.DataFrame]) -> None:
    larger = generate(MIDDLE.model_copy(update={"train": 1500}), noise=NOISE, seed=7)
    for split in ("validation", "test"):
        pd.testing.assert_frame_equal(larger[split], middle[split])


@pytest.mark.parametrize("noise", [0.0, 0.04, 0.3])
def test_exactly_the_noise_asked_for_is_recorded(noise: float) -> None:
    train = generate(MIDDLE, noise=noise, seed=7)["train"]
    assert (train["label"] != train["clean_label"]).sum() == round(noise * len(train))


def test_noise_changes_labels_and_nothing_else(middle: dict[str, pd.DataFrame]) -> None:
    clean = generate(MIDDLE, noise=0.0, seed=7)
    assert list(clean["train"]["text"]) == list(middle["train"]["text"])
    assert list(clean["train"]["label"]) == list(middle["train"]["clean_label"])


def test_most_wrong_labels_are_confusable_with_the_right_one() -> None:
    train = generate(MIDDLE, noise=0.3, seed=7)["train"]
    wrong = train[train["label"] != train["clean_label"]]
    confusable = sum(row.label in INTENTS[row.clean_label].confusable for row in wrong.itertuples())
    assert 0.7 < confusable / len(wrong) < 0.95


def test_fewer_rows_than_intents_are_refused() -> None:
    with pytest.raises(SourceError, match=r"rows\.test: got 5; the generator intents needs at least 16"):
        generate(SplitRows(train=60, validation=20, test=5), noise=NOISE, seed=7)


class SeenAll(set[str]):
    """As if every message had been composed before."""

    def isdisjoint(self, other: Iterable[object]) -> bool:
        return False


def test_an_exhausted_grammar_says_so() -> None:
    composer = Composer(random.Random(7), all_phrases=True)
    with pytest.raises(SourceError, match="no more distinct messages for 'cancel_order'"):
        _new_message("cancel_order", composer, SeenAll())


def test_definitions_are_sorted_lines_without_blanks() -> None:
    assert list(DEFINITIONS) == sorted(DEFINITIONS)
    assert len(DEFINITIONS) >= 14
    assert all(line.endswith(".") and "\n" not in line for line in DEFINITIONS.values())


def test_confusable_intents_exist_and_are_others() -> None:
    for label, intent in INTENTS.items():
        assert set(intent.confusable) <= set(INTENTS) - {label}


def test_no_phrase_belongs_to_two_intents() -> None:
    counts = Counter(phrase for intent in INTENTS.values() for phrase in {*intent.do, *intent.say, *intent.query, *intent.twins})
    assert max(counts.values()) == 1, counts.most_common(3)


def test_held_back_phrases_are_for_validation_and_test_only() -> None:
    held = [phrase for intent in INTENTS.values() for phrase in intent.do[-held_back(intent.do) :]]
    for all_phrases in (False, True):
        composer = Composer(random.Random(7), all_phrases=all_phrases)
        asked = [composer._wanted(label) for label in INTENTS for _ in range(100)]
        assert any(phrase in template for phrase in held for template in asked) == all_phrases


def test_a_bag_of_words_does_not_solve_it(middle: dict[str, pd.DataFrame]) -> None:
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=500))
    model.fit(middle["train"]["text"], middle["train"]["clean_label"])
    assert 0.5 < model.score(middle["test"]["text"], middle["test"]["label"]) < 0.85
