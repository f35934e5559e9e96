"""The bias of mean-normalised scores toward long labels, counted by hand and brought about on a real trie."""

import numpy as np
import pytest

from gencls.decoding import DECODINGS
from gencls.length_bias import length_bias
from gencls.trie import LabelTrie


def test_the_shares_by_hand():
    # Labels of 2, 4 and 2 tokens; a label of 4 tokens is gold in one row of four, predicted in three by one decoding and none by the other.
    table = length_bias(np.array([2, 4, 2]), np.array([0, 1, 2, 2]), {"perplexity": np.array([1, 1, 1, 0]), "likelihood": np.zeros(4, int)})
    assert table == [
        {"tokens": 2, "labels": 2, "gold": 0.75, "predicted": {"perplexity": 0.25, "likelihood": 1.0}},
        {"tokens": 4, "labels": 1, "gold": 0.25, "predicted": {"perplexity": 0.75, "likelihood": 0.0}},
    ]


def test_every_column_of_shares_sums_to_one():
    rng = np.random.default_rng(0)
    lengths, gold, answers = rng.integers(2, 9, 30), rng.integers(0, 30, 200), rng.integers(0, 30, 200)
    table = length_bias(lengths, gold, {"trie": answers})
    assert [row["tokens"] for row in table] == sorted(set(lengths.tolist()))
    assert sum(row["labels"] for row in table) == 30
    assert sum(row["gold"] for row in table) == pytest.approx(1)
    assert sum(row["predicted"]["trie"] for row in table) == pytest.approx(1)


def test_perplexity_answers_with_the_long_label_where_likelihood_takes_the_short_one():
    end = 9
    trie = LabelTrie([[1, end], [2, 3, 4, end]])
    # p(short) = .6, p(long) = .4: after its first token the long label is certain, so its mean is higher.
    edges = np.log(np.tile([0.6, 1.0, 0.4, 1.0, 1.0, 1.0], (5, 1)))
    predicted = {name: decode(edges, trie) for name, decode in DECODINGS.items()}
    short, long = length_bias(trie.lengths, np.array([0, 0, 0, 1, 1]), predicted)
    assert (short["tokens"], short["gold"], long["tokens"], long["gold"]) == (2, 0.6, 4, 0.4)
    assert {name: long["predicted"][name] for name in ("likelihood", "trie", "perplexity")} == {"likelihood": 0, "trie": 0, "perplexity": 1}


@pytest.mark.parametrize(
    ("gold", "answers", "message"),
    [
        ([], [], "no rows"),
        ([0, 1], [0], "2 gold labels but 1 answers of trie"),
        ([0, 1], [0, 2], "trie: labels are numbers from 0 to 1, not 0 to 2"),
        ([0, -1], [0, 1], "gold: labels are numbers from 0 to 1, not -1 to 0"),
    ],
)
def test_answers_that_are_no_labels_are_named(gold: list[int], answers: list[int], message: str):
    with pytest.raises(ValueError, match=message):
        length_bias(np.array([2, 3]), np.array(gold, dtype=int), {"trie": np.array(answers, dtype=int)})
