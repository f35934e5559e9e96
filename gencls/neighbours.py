"""The training rows most similar to a text, by TF-IDF over words and characters. Exact, blockwise, offline.

GenCLS++'s similar-3-shot takes the three training examples with the highest cosine similarity in an embedding space; its embedding model
is unknown. A row never sees itself, nor a row with the same text: its own label would leak into its prompt.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import normalize

from gencls.errors import InputError

BLOCK = 512
"""Queries compared at once: BLOCK x rows similarities of 4 bytes are in memory, 100 MB at 50,000 rows."""


class Neighbours:
    """An index over training texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self._vectorizer = FeatureUnion(
            [
                ("word", TfidfVectorizer(token_pattern=r"(?u)\w+", ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)),
                (
                    "character",
                    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=100_000, dtype=np.float32),
                ),
            ]
        )
        self._rows: csr_matrix = normalize(csr_matrix(self._vectorizer.fit_transform(self.texts)))

    def nearest(self, queries: Sequence[str], k: int) -> NDArray[np.int64]:
        """(len(queries), k) row numbers, the nearest first; rows whose text equals the query are left out, ties go to the earlier row.

        Raises:
            InputError: fewer than k rows with another text.
        """
        found = np.empty((len(queries), k), dtype=np.int64)
        places: dict[str, list[int]] = {}
        for place, text in enumerate(self.texts):
            places.setdefault(text.strip(), []).append(place)
        for start in range(0, len(queries), BLOCK):
            block = list(queries[start : start + BLOCK])
            vectors = normalize(csr_matrix(self._vectorizer.transform(block)))
            similarity = np.asarray((vectors @ self._rows.T).todense(), dtype=np.float32)
            for i, query in enumerate(block):
                same = places.get(query.strip(), [])
                if len(self.texts) - len(same) < k:
                    raise InputError(f"{k} similar examples wanted, but only {len(self.texts) - len(same)} training rows have another text")
                similarity[i, same] = -1.0
            found[start : start + len(block)] = _top(similarity, k)
        return found


def _top(similarity: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Column numbers of the k largest per row, largest first, ties by column."""
    smallest = -np.partition(-similarity, k - 1, axis=1)[:, k - 1 : k]
    chosen = []
    for row, least in zip(similarity, smallest, strict=True):
        candidates = np.flatnonzero(row >= least)
        chosen.append(candidates[np.argsort(-row[candidates], kind="stable")][:k])
    return np.array(chosen, dtype=np.int64)
