"""Label-uncertainty mining: which training rows have a gold label that is hard to believe.

GenCLS++ adds a class "Uncertain" for ambiguous training rows: the two models with the best zero-shot accuracy score the training texts,
and the 10 % with the lowest confidence are marked. Which models it chose from, what its confidence is, how the two scores combine and what
the 10 % are a share of is not known to us.

Our reading
- Confidence is the mean, over two models, of the probability given to the gold label; the share is of all training rows.
- The models are cheap and differ in what they see and how they learn: words with logistic regression, character n-grams with complement
  naive Bayes. A base model of a few million parameters has no zero-shot accuracy worth ranking.
- In place of zero-shot scores, cross-fitting: a row is scored by models that did not see it, so that a wrong label cannot vouch for itself.
  Copies of one text share a fold for the same reason.
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
from gencls.errors import InputError

Texts = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCORERS = ("word TF-IDF + logistic regression", "character TF-IDF + complement naive Bayes")


class MiningError(InputError):
    """The rows cannot be cross-fitted."""


def mine(texts: Sequence[str], gold: Sequence[str], *, language: str, folds: int, seed: int) -> pd.DataFrame:
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
        probabilities[held] = _score(text_N[~held], gold_N[~held], text_N[held], language, len(labels))
    rows_in_fold = np.zeros((len(labels), folds), dtype=np.int64)
    np.add.at(rows_in_fold, (gold_N, fold_N), 1)
    judged = rows_in_fold.sum(axis=1)[gold_N] > rows_in_fold[gold_N, fold_N]
    confidence = np.where(judged, probabilities[np.arange(len(gold_N)), gold_N], np.nan)
    return pd.DataFrame({"confidence": confidence, "suggested": labels[probabilities.argmax(axis=1)]})


def mark(confidence: "pd.Series[float]", fraction: float) -> "pd.Series[bool]":
    """True for the `fraction` of all rows with the lowest confidence; NaN is never marked, ties go to the earlier row."""
    lowest = confidence.sort_values(kind="stable", na_position="last").index[: int(fraction * len(confidence))]
    return pd.Series(confidence.index.isin(lowest), index=confidence.index) & confidence.notna()


def summarise(mined: pd.DataFrame, noisy: "pd.Series[bool] | None") -> dict[str, object]:
    """Count the marked rows and, where it is known which labels are wrong (`noisy`), how many of those were found."""
    marked = mined["uncertain"]
    found = None if noisy is None else int((noisy & marked).sum())
    return {
        "rows": len(mined),
        "marked": int(marked.sum()),
        "threshold": round(float(mined.loc[marked, "confidence"].max()), 6) if marked.any() else None,
        "scorers": list(SCORERS),
        "noise": None
        if noisy is None or found is None
        else {
            "rows": int(noisy.sum()),
            "found": found,
            "precision": round(found / marked.sum(), 6) if marked.any() else None,
            "recall": round(found / noisy.sum(), 6) if noisy.any() else None,
        },
    }


def assign_folds(texts: Sequence[str], gold_N: Ints, folds: int, seed: int) -> Ints:
    """Fold per row: each class's different texts are shuffled and dealt out in turn, which needs no class to fill every fold."""
    text_N, different = pd.factorize(np.asarray(texts, dtype=object))
    first = np.unique(text_N, return_index=True)[1]
    shuffled = np.random.default_rng(seed).permutation(len(different))
    dealt = shuffled[np.argsort(gold_N[first][shuffled], kind="stable")]
    fold_of_text = np.empty(len(different), dtype=np.int64)
    fold_of_text[dealt] = np.arange(len(different)) % folds
    return fold_of_text[text_N]


def _score(texts: Texts, gold: Ints, held: Texts, language: str, labels: int) -> Floats:
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
