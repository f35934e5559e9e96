"""Confidence by cross-fitting: a row is scored by models that did not see it, so that a wrong label cannot vouch for itself.

- The models are cheap and differ in what they see and how they learn: words with logistic regression, character n-grams with complement
  naive Bayes. The builtin base has no zero-shot accuracy worth ranking, so this is how its data sets are mined.
- Copies of one text share a fold, or a copy of a wrong label would vouch for the other.
- A row whose class has no row in any other fold cannot be judged: its confidence is NaN, and it is never marked.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline

from gencls import features
from gencls.arrays import Floats, Ints
from gencls.errors import InputError

Texts = NDArray[np.object_]

SCORERS = ("word TF-IDF + logistic regression", "character TF-IDF + complement naive Bayes")


class MiningError(InputError):
    """The rows cannot be cross-fitted."""


def score(texts: Sequence[str], gold: Sequence[str], *, language: str, folds: int, seed: int) -> pd.DataFrame:
    """Score each row by models fitted on the other folds.

    Returns `confidence` (mean out-of-fold probability of the gold label, NaN where it cannot be judged) and `suggested` (the label that
    the models find most probable), in the order of the rows.

    Raises:
        MiningError: fewer than two classes have two different texts, so that some fold would leave a single class to learn from.
    """
    labels, gold_N = np.unique(np.asarray(gold, dtype=object), return_inverse=True)
    fold_N = assign_folds(texts, gold_N, folds, seed)
    spread = [label for i, label in enumerate(labels) if len(set(fold_N[gold_N == i])) > 1]
    if len(spread) < 2:
        raise MiningError(f"two classes with two different texts each are needed to cross-fit, got {len(spread)} ({', '.join(spread)})")
    text_N = np.asarray(texts, dtype=object)
    probabilities = np.zeros((len(text_N), len(labels)))
    for fold in np.unique(fold_N):
        held = fold_N == fold
        probabilities[held] = _held_out(text_N[~held], gold_N[~held], text_N[held], language, len(labels))
    rows_in_fold = np.zeros((len(labels), folds), dtype=np.int64)
    np.add.at(rows_in_fold, (gold_N, fold_N), 1)
    judged = rows_in_fold.sum(axis=1)[gold_N] > rows_in_fold[gold_N, fold_N]
    confidence = np.where(judged, probabilities[np.arange(len(gold_N)), gold_N], np.nan)
    return pd.DataFrame({"confidence": confidence, "suggested": labels[probabilities.argmax(axis=1)]})


def assign_folds(texts: Sequence[str], gold_N: Ints, folds: int, seed: int) -> Ints:
    """Fold per row: each class's different texts are shuffled and dealt out in turn, which needs no class to fill every fold."""
    text_N, different = pd.factorize(np.asarray(texts, dtype=object))
    first = np.unique(text_N, return_index=True)[1]
    shuffled = np.random.default_rng(seed).permutation(len(different))
    dealt = shuffled[np.argsort(gold_N[first][shuffled], kind="stable")]
    fold_of_text = np.empty(len(different), dtype=np.int64)
    fold_of_text[dealt] = np.arange(len(different)) % folds
    return fold_of_text[text_N]


def _held_out(texts: Texts, gold: Ints, held: Texts, language: str, labels: int) -> Floats:
    """Mean probabilities of both models, (held rows, labels); 0 for a class that the fold leaves without a row."""
    mean = np.zeros((len(held), labels))
    for model in _models(language):
        model.fit(texts, gold)
        mean[:, model.classes_] += model.predict_proba(held) / len(SCORERS)
    return mean


def _models(language: str) -> tuple[Pipeline, Pipeline]:
    return (
        make_pipeline(features.words(language), LogisticRegression(C=10, max_iter=1000)),
        make_pipeline(features.characters(language), ComplementNB(alpha=0.1)),
    )
