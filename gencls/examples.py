"""In-context examples: which labelled training rows stand before a text. No torch here.

GenCLS++ compares N-shot (N in 1, 3, 5), three fixed examples and the three most similar ones. How it drew the N and picked the fixed ones
is unknown; a row never sees itself or a row with its own text, whose label would stand in its prompt.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gencls.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Places = NDArray[np.int64]
"""Row numbers of the training split."""


def random(queries: Sequence[str], texts: Sequence[str], shots: int, *, seed: int) -> list[list[int]]:
    """For each query `shots` different rows of `texts`, drawn evenly; the seed and the query decide.

    Not the query's place: a finished model then draws for a text what it drew when it was evaluated, whatever else it is asked.

    Raises:
        InputError: too few rows with another text.
    """
    same: dict[str, set[int]] = {}
    for place, text in enumerate(texts):
        same.setdefault(text.strip(), set()).add(place)
    drawn = []
    for query in queries:
        own = same.get(query.strip(), set())
        if len(texts) - len(own) < shots:
            raise InputError(f"{shots} examples wanted, but only {len(texts) - len(own)} training rows have another text")
        rng = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(query.strip().encode()).digest()[:8])])
        places = rng.choice(len(texts), size=min(len(texts), shots + len(own)), replace=False)  # enough even if it hits every own one
        drawn.append([int(place) for place in places if place not in own][:shots])
    return drawn


def fixed(texts: Sequence[str], labels: Sequence[str], shots: int, *, language: str) -> list[int]:
    """The same rows for every query, class-balanced by a rule without chance.

    The classes are taken in turn, the most frequent first (ties by name), one row of each until there are `shots`; a class is asked a
    second time only after all others. Of a class the most typical row is shown: the one nearest to the mean of its class's TF-IDF vectors.

    Raises:
        InputError: fewer different texts than `shots`.
    """
    import pandas as pd  # the other kinds of examples need neither this nor scikit-learn

    from gencls import features

    frame = pd.DataFrame({"text": [text.strip() for text in texts], "label": list(labels)}).drop_duplicates("text")
    if len(frame) < shots:
        raise InputError(f"{shots} fixed examples wanted, but the training split has only {len(frame)} different texts")
    counts = frame["label"].value_counts()
    classes = sorted(counts.index, key=lambda label: (-counts[label], label))
    vectors = features.words(language).fit_transform(frame["text"])
    ranked = {label: _typical(vectors, np.flatnonzero(frame["label"] == label)) for label in classes[:shots]}
    rounds = [ranked[label][turn] for turn in range(shots) for label in ranked if turn < len(ranked[label])]
    return [int(frame.index[place]) for place in rounds[:shots]]


def _typical(vectors: "csr_matrix", places: Places) -> Places:
    """Rows of one class, the nearest to the class's mean first, ties by place."""
    own = vectors[places]
    similarity = np.asarray(own @ np.asarray(own.mean(axis=0)).T).ravel()
    ranked: Places = places[np.argsort(-similarity, kind="stable")]
    return ranked
