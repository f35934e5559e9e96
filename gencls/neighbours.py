"""The training rows most similar to a text: exact cosine search, block by block, over TF-IDF vectors or sentence embeddings.

GenCLS++'s similar-3-shot takes the three training examples with the highest cosine similarity in an embedding space; its embedding model
is unknown. Ours is TF-IDF unless another is asked for, so that the search needs no network and no weights. A row never sees itself, nor a
row with the same text: its own label would leak into its prompt.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import safe_sparse_dot

from gencls import features
from gencls.errors import InputError
from gencls.progress import Ticker

K = 5
"""Neighbours kept of a row: the most that a strategy can show."""
CELLS = 2**24
"""Similarities held at once, 4 bytes each; how many queries share a block follows from it."""
GROUPS = 1024
"""Groups of columns whose maxima bound the best similarities of a query from below."""
COMMON = 0.1
"""A TF-IDF term that stands in a larger share of the texts says little: without such terms the label of the neighbours is right more often
(emotion +3 points, tnews and iflytek the same, eic -2), and the search is ten times faster.
"""
FEW = 100
"""A term in no more texts than these is kept in any case."""

Vectors = Any
"""(rows, features), float32, each row of length 1 or 0: a sparse matrix or an array."""


class Encoder(Protocol):
    """Texts to vectors whose products are similarities."""

    def fit_transform(self, texts: Sequence[str]) -> Vectors:
        """Learn from the training texts, and encode them."""

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Encode other texts."""


class Tfidf:
    """Words and character n-grams, without the most common ones."""

    def __init__(self, language: str) -> None:
        self._union = features.words_and_characters(language)

    def fit_transform(self, texts: Sequence[str]) -> Vectors:
        """Learn the vocabulary from the training texts, and encode them."""
        weights = csr_matrix(self._union.fit_transform(texts), dtype=np.float32)
        texts_with_term = np.bincount(weights.indices, minlength=weights.shape[1])
        self._kept = np.flatnonzero(texts_with_term <= max(FEW, COMMON * len(texts)))
        return normalize(weights[:, self._kept])

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Encode other texts."""
        return normalize(csr_matrix(self._union.transform(texts), dtype=np.float32)[:, self._kept])


class Embeddings:
    """A sentence-transformers model; safetensors only, remote code off.

    Args:
        name: hub id or folder.
        revision: commit of a hub id.
        device: `auto` takes the GPU if there is one.

    Raises:
        InputError: the package is not installed, or there is no such model.
    """

    def __init__(self, name: str, revision: str | None, device: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError:
            raise InputError(
                f"neighbours.encoder {name!r} needs the package sentence-transformers: install gencls[embeddings], or choose tfidf"
            ) from None
        try:
            self._model = SentenceTransformer(
                name, revision=revision, device=None if device == "auto" else device, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"neighbours.encoder {name!r} (neighbours.revision {revision}) is no sentence-transformers model that can be had: {error}; "
                "choices: tfidf, a hub id, a folder"
            ) from error

    def fit_transform(self, texts: Sequence[str]) -> Vectors:
        """Nothing is learnt: encode."""
        return self.transform(texts)

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Embeddings of length 1."""
        return self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def encoder(name: str, *, language: str, revision: str | None = None, device: str = "auto") -> Encoder:
    """The encoder that `neighbours.encoder` names."""
    return Tfidf(language) if name == "tfidf" else Embeddings(name, revision, device)


class Neighbours:
    """An index over training texts. Texts that differ in outer white space only are one text, compared once."""

    def __init__(self, texts: Sequence[str], encoder: Encoder) -> None:
        self._rows: dict[str, list[int]] = {}
        for row, text in enumerate(texts):
            self._rows.setdefault(text.strip(), []).append(row)
        self._texts = list(self._rows)
        self._number = {text: number for number, text in enumerate(self._texts)}
        self._encoder = encoder
        self._vectors = encoder.fit_transform(self._texts)
        self._columns = csr_matrix(self._vectors.T) if not isinstance(self._vectors, np.ndarray) else self._vectors.T

    def nearest(self, queries: Sequence[str], k: int = K) -> list[list[tuple[int, float]]]:
        """(row number, cosine similarity to six digits) of the k rows most similar to each query, the nearest first.

        Rows whose text equals the query are left out, ties go to the earlier row. Shorter where fewer rows have another text.
        """
        texts = [query.strip() for query in queries]
        vectors = self._encode(texts)
        block, wanted = max(1, CELLS // len(self._texts)), min(k + 1, len(self._texts))  # one more, for it may be the query itself
        found, ticker = [], Ticker("compared", len(texts))
        for start in range(0, len(texts), block):
            similarity = safe_sparse_dot(vectors[start : start + block], self._columns, dense_output=True)
            for text, numbers, values in zip(texts[start : start + block], *_top(similarity, wanted), strict=True):
                found.append(self._rows_of(numbers, values, text, k))
            ticker.at(len(found))
        return found

    def _encode(self, texts: list[str]) -> Vectors:
        """What the index holds is not encoded again."""
        if all(text in self._number for text in texts):
            return self._vectors[[self._number[text] for text in texts]]
        return self._encoder.transform(texts)

    def _rows_of(self, numbers: NDArray[np.int64], values: NDArray[np.float32], query: str, k: int) -> list[tuple[int, float]]:
        others = [(self._texts[n], float(value)) for n, value in zip(numbers, values, strict=True) if self._texts[n] != query]
        rows = sorted((-value, row) for text, value in others for row in self._rows[text][:k])
        return [(row, round(-value, 6)) for value, row in rows[:k]]


def _top(similarity: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Column numbers and values of the k largest per row, the largest first, ties by column.

    The k-th largest of the groups' maxima is a lower bound: few values reach it, and only these are sorted.
    """
    count = similarity.shape[1]
    maxima = np.maximum.reduceat(similarity, np.arange(0, count, max(1, count // GROUPS)), axis=1)
    bounds = -np.partition(-maxima, k - 1, axis=1)[:, k - 1]
    chosen = []
    for row, bound in zip(similarity, bounds, strict=True):
        candidates = np.flatnonzero(row >= bound)
        chosen.append(candidates[np.argsort(-row[candidates], kind="stable")][:k])
    numbers = np.array(chosen, dtype=np.int64)
    return numbers, np.take_along_axis(similarity, numbers, axis=1)
