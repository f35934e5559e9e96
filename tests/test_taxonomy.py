"""The generated data set `taxonomy`: a tree of paths, classes of very different sizes, words that several leaves share."""

import random
from collections import Counter

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from gencls.encode import label_sequences
from gencls.sources.generated import held_back
from gencls.sources.taxonomy import ROWS, generate, wording
from gencls.sources.taxonomy.ambiguous import AMBIGUOUS
from gencls.sources.taxonomy.compose import Composer, ambiguous
from gencls.sources.taxonomy.tree import LEAVES, TOPS
from gencls.tokenizer import train_tokenizer
from gencls.trie import LabelTrie


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return generate(ROWS, noise=0.04, seed=7)


def test_the_tree_has_two_levels_and_enough_leaves() -> None:
    assert 10 <= len(TOPS) <= 12 and len(LEAVES) >= 60
    assert all(label.count("/") == 1 and label == label.lower().replace(" ", "_") for label in LEAVES)
    assert all(5 <= len(top.leaves) <= 7 for top in TOPS.values())


def test_labels_written_as_paths_share_their_beginnings_in_the_trie(frames: dict[str, pd.DataFrame]) -> None:
    tokenizer = train_tokenizer([*frames["train"]["text"][:500], *LEAVES], 1000)
    sequences = label_sequences(LEAVES, tokenizer)
    trie = LabelTrie(sequences)
    first = {sequence[0] for sequence in sequences}
    assert len(first) <= len(TOPS), "a label's first step is that of its branch"
    assert len(trie.tokens) < 0.75 * sum(len(sequence) - 1 for sequence in sequences), "tokens to feed"


def test_class_sizes_fall_steeply_and_leave_enough_rows_of_every_class(frames: dict[str, pd.DataFrame]) -> None:
    for column in ("label", "clean_label"):
        counts = frames["train"][column].value_counts()
        assert counts.min() >= 8 and 10 < counts.max() / counts.min() < 40
        assert counts.iloc[:13].sum() > counts.sum() / 2, "a fifth of the classes has half of the rows"


def test_no_phrase_belongs_to_two_leaves() -> None:
    counts = Counter(phrase for leaf in LEAVES.values() for phrase in {*leaf.things, *leaf.needs, *leaf.riddles, *leaf.brands})
    counts.update(context.format(w=word) for word, leaves in AMBIGUOUS.items() for contexts in leaves.values() for context in contexts)
    counts.update(maker for top in TOPS.values() for maker in top.makers)
    assert max(counts.values()) == 1, counts.most_common(3)


def test_a_leaf_has_words_for_every_shape() -> None:
    for label, leaf in LEAVES.items():
        assert len(leaf.things) >= 9 and len(leaf.needs) >= 8 and len(leaf.details) >= 4, label
        assert len(leaf.riddles) >= 4 and len(leaf.brands) >= 2, label


def test_leaves_of_one_top_share_words() -> None:
    for name, top in TOPS.items():
        words = [{word for phrase in (*leaf.things, *leaf.details) for word in phrase.split()} for leaf in top.leaves.values()]
        shared = Counter(word for leaf in words for word in leaf)
        assert sum(n > 1 for n in shared.values()) >= 4 and len(top.details) >= 6, name


def test_an_ambiguous_word_stands_in_a_context_of_each_of_its_leaves() -> None:
    assert sum(len({label.split("/")[0] for label in leaves}) > 1 for leaves in AMBIGUOUS.values()) >= 30
    for word, leaves in AMBIGUOUS.items():
        assert len(leaves) > 1 and set(leaves) <= set(LEAVES), word
        assert all("{w}" in context and context != "{w}" for contexts in leaves.values() for context in contexts), word
    assert len({label for label in LEAVES if ambiguous(label)}) > len(LEAVES) / 2


def test_held_back_phrases_are_for_validation_and_test_only() -> None:
    held = {thing for leaf in LEAVES.values() for thing in leaf.things[-held_back(leaf.things) :]}
    for all_phrases in (False, True):
        composer = Composer(random.Random(7), all_phrases=all_phrases)
        picked = {composer.pick(leaf.things) for leaf in LEAVES.values() for _ in range(100)}
        assert bool(picked & held) == all_phrases


def test_there_are_many_patterns_to_a_query() -> None:
    phrases = {phrase for leaf in LEAVES.values() for phrase in (*leaf.things, *leaf.needs, *leaf.riddles)}
    assert len(phrases) > 1000 and len({*wording.FRAMES, *wording.NEEDS, *wording.EXTRAS}) > 40


def test_a_bag_of_words_finds_most_and_not_all(frames: dict[str, pd.DataFrame]) -> None:
    scores = []
    for cost in (1, 10):
        model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=cost, max_iter=500))
        model.fit(frames["train"]["text"], frames["train"]["clean_label"])
        scores.append(model.score(frames["test"]["text"], frames["test"]["label"]))
    assert min(scores) > 0.6 and max(scores) < 0.9
