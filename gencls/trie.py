"""The label trie: token ids of a closed label set, shared beginnings stored once. No torch here.

A label's sequence ends with the end-of-turn token, so no sequence is the beginning of another, even where one label's name is that of
another. Almost everything a classifier does is a question about the distribution over these sequences given a prompt, and the answers
need one number per edge: log p(token of the edge | prompt, tokens above it).

Names: an *edge* carries one token; its *slot* is where the model predicts that token: slot 0 is the end of the prompt, slot i is
node i - 1. A *node* is the end of an edge that has edges below it; only nodes are fed to the model, the last token of a label never is.

Legend of axes: E edges, N nodes, L labels, T tokens of a label.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class LabelTrie:
    """A trie over label token sequences.

    Attributes:
        tokens: (N,) token ids to feed, parents before children.
        depths: (N,) 0 for the first token after the prompt.
        ancestors: (N, N) bool, `[i, j]` where node j is node i or lies above it: the attention mask between nodes.
        edge_tokens: (E,) token id predicted by each edge.
        edge_slots: (E,) slot that predicts it.
        edge_targets: (E,) slot below the edge, or -1 - label where the edge ends that label.
        paths: L lists of edge numbers, a label's tokens in order.

    Raises:
        ValueError: no labels, an empty sequence, two equal ones, or one that is the beginning of another.
    """

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        _check(sequences)
        edges: dict[tuple[int, int], int] = {}
        slots: dict[int, int] = {}
        self.paths: list[list[int]] = []
        for sequence in sequences:
            slot, path = 0, []
            for depth, token in enumerate(sequence):
                edge = edges.setdefault((slot, int(token)), len(edges))
                path.append(edge)
                if depth + 1 < len(sequence):
                    slot = slots.setdefault(edge, len(slots) + 1)
            self.paths.append(path)
        self.edge_slots = np.array([slot for slot, _ in edges], dtype=np.int64)
        self.edge_tokens = np.array([token for _, token in edges], dtype=np.int64)
        self.edge_targets = np.array([slots.get(edge, 0) for edge in range(len(edges))], dtype=np.int64)
        self.edge_targets[[path[-1] for path in self.paths]] = -1 - np.arange(len(self.paths))
        above = np.array(list(slots), dtype=np.int64)
        self.tokens = self.edge_tokens[above]
        self.ancestors = _ancestors(self.edge_slots[above])
        self.depths: NDArray[np.int64] = self.ancestors.sum(axis=1, dtype=np.int64) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(L,) tokens of each label, the end token included."""
        return np.array([len(path) for path in self.paths], dtype=np.int64)

    @property
    def membership(self) -> NDArray[np.float32]:
        """(E, L) 1 where the edge lies on the label's path: edge log-probabilities @ membership = label log-probabilities."""
        matrix = np.zeros((len(self.edge_tokens), len(self.paths)), dtype=np.float32)
        for label, path in enumerate(self.paths):
            matrix[path, label] = 1.0
        return matrix

    def children(self, slot: int) -> NDArray[np.int64]:
        """Edges that leave a slot."""
        return np.flatnonzero(self.edge_slots == slot)

    def sequence(self, label: int) -> list[int]:
        """Token ids of a label."""
        return [int(token) for token in self.edge_tokens[self.paths[label]]]


def _check(sequences: Sequence[Sequence[int]]) -> None:
    if not sequences:
        raise ValueError("a label trie needs at least one label")
    seen = [tuple(sequence) for sequence in sequences]
    for i, sequence in enumerate(seen):
        if not sequence:
            raise ValueError(f"label {i} has no tokens")
        if sequence in seen[:i]:
            raise ValueError(f"labels {seen.index(sequence)} and {i} have the same tokens {list(sequence)}")
    whole = set(seen)
    for i, sequence in enumerate(seen):
        for end in range(1, len(sequence)):
            if sequence[:end] in whole:
                raise ValueError(f"label {seen.index(sequence[:end])} is the beginning of label {i}; end both with an end token")


def _ancestors(parents: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N, N) from the slot each node hangs under; parents come before children."""
    mask = np.eye(len(parents), dtype=bool)
    for node, slot in enumerate(parents):
        if slot > 0:
            mask[node] |= mask[slot - 1]
    return mask
