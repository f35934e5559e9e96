"""The trie and the decodings over it, on numbers small enough to work out by hand."""

import numpy as np
import pytest

from gencls import decoding
from gencls.trie import LabelTrie

END = 0
SEQUENCES = [[1, 2, END], [1, 3, END], [4, END], [1, END]]
"""`a b`, `a c`, `d`, and `a`, which is the beginning of the first two."""


def test_shared_beginnings_are_stored_once_and_ends_are_not_fed() -> None:
    trie = LabelTrie(SEQUENCES)
    assert trie.tokens.tolist() == [1, 2, 3, 4]
    assert trie.depths.tolist() == [0, 1, 1, 0]
    assert len(trie.edge_tokens) == 8
    assert [trie.sequence(label) for label in range(4)] == SEQUENCES
    assert trie.lengths.tolist() == [3, 3, 2, 2]


def test_a_node_sees_itself_and_the_nodes_above_it_only() -> None:
    assert LabelTrie(SEQUENCES).ancestors.astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]


def test_one_token_labels_make_a_flat_trie() -> None:
    trie = LabelTrie([[7], [8]])
    assert len(trie.tokens) == 0
    assert trie.edge_targets.tolist() == [-1, -2]


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "at least one label"),
        ([[1], []], "label 1 has no tokens"),
        ([[1, END], [2, END], [1, END]], "labels 0 and 2 have the same tokens"),
        ([[1, 2, 3], [1, 2]], "label 1 is the beginning of label 0"),
    ],
)
def test_unusable_label_sets_are_refused(sequences: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabelTrie(sequences)


def edges_with(trie: LabelTrie, probabilities: dict[tuple[int, ...], float]) -> np.ndarray:
    """One row of edge log-probabilities from {beginning of a label: probability of its last token}."""
    row = np.empty(len(trie.edge_tokens))
    for label, path in enumerate(trie.paths):
        for step, edge in enumerate(path):
            row[edge] = np.log(probabilities[tuple(trie.sequence(label)[: step + 1])])
    return row[None]


P = {(1,): 0.6, (4,): 0.4, (1, 2): 0.4, (1, 3): 0.35, (1, END): 0.25, (1, 2, END): 1.0, (1, 3, END): 1.0, (4, END): 0.9}


def test_label_probabilities_are_products_along_the_path() -> None:
    trie = LabelTrie(SEQUENCES)
    edges = edges_with(trie, P)
    expected = np.array([0.24, 0.21, 0.36, 0.15])
    np.testing.assert_allclose(np.exp(decoding.label_log_probabilities(edges, trie))[0], expected)
    np.testing.assert_allclose(decoding.probabilities(edges, trie)[0], expected / 0.96)


def test_the_three_decodings_can_disagree() -> None:
    trie = LabelTrie(SEQUENCES)
    edges = edges_with(trie, P)
    assert decoding.greedy(edges, trie).tolist() == [0], "0.6 > 0.4, then 0.4 is the largest of three"
    assert decoding.likelihood(edges, trie).tolist() == [2], "0.36 is the largest product"
    assert decoding.perplexity(edges, trie).tolist() == [0], "0.24 ** (1/3) = 0.62 > 0.36 ** (1/2) = 0.6"


def test_greedy_walks_every_row_by_itself() -> None:
    trie = LabelTrie(SEQUENCES)
    other = {**P, (1,): 0.3, (4,): 0.7}
    third = {**P, (1, 2): 0.1, (1, END): 0.6}
    edges = np.concatenate([edges_with(trie, p) for p in (P, other, third)])
    assert decoding.greedy(edges, trie).tolist() == [0, 2, 3]
