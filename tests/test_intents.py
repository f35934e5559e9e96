"""The generated data set `intents`: its grammar, and that a bag of words does not solve it. What holds for all: test_generated.py."""

import random
from collections import Counter

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from gencls.params import SplitRows
from gencls.sources.generated import held_back
from gencls.sources.intents import generate
from gencls.sources.intents.compose import Composer
from gencls.sources.intents.grammar import INTENTS


@pytest.fixture(scope="module")
def middle() -> dict[str, pd.DataFrame]:
    return generate(SplitRows(train=1200, validation=100, test=500), noise=0.04, seed=7)


def test_the_largest_class_has_at_most_three_times_the_rows_of_the_smallest(middle: dict[str, pd.DataFrame]) -> None:
    for frame in middle.values():
        counts = frame["label"].value_counts()
        assert 1 < counts.max() / counts.min() <= 3


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
