"""Discriminative baselines: what a generative classifier has to beat to be worth its price.

A baseline is a function from `Rows` to `Answers` on the test texts; `BASELINES` names them, and adding one there is all it takes.
They learn from the training split; a setting may be chosen on the validation split; the test split is only answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from gencls import features
from gencls.arrays import Floats

COSTS = (1.0, 10.0)
"""Inverse regularisation strengths tried by the logistic regression."""
SVM_COSTS = (0.1, 0.3, 1.0)
"""Those tried by the support vector machine."""


Labelled = tuple[Sequence[str], Sequence[str]]
"""Texts, and the label of each."""


@dataclass(frozen=True)
class Rows:
    """What a baseline sees: two labelled splits, and the texts to answer."""

    train_texts: list[str]
    train_labels: list[str]
    validation_texts: list[str]
    validation_labels: list[str]
    test_texts: list[str]
    test_neighbours: list[list[tuple[str, float]]]
    """Per test text the labels and cosine similarities of its most similar training rows, the nearest first."""
    labels: list[str]
    """The label set, in the order of the columns of `Answers.probabilities`."""
    language: str
    seed: int


@dataclass(frozen=True)
class Answers:
    """One label per test text, and (N, L) probabilities where the method has any."""

    predicted: list[str]
    probabilities: Floats | None


def majority(rows: Rows) -> Answers:
    """Always the most frequent training label; the probabilities are the training shares."""
    return _most_probable(np.tile(_shares(rows), (len(rows.test_texts), 1)), rows.labels)


def tfidf_logreg(rows: Rows) -> Answers:
    """TF-IDF and multinomial logistic regression; C is the one of `COSTS` with the higher validation accuracy, the smaller on a tie."""
    fitted = [_logreg(rows, cost) for cost in COSTS]
    best = max(fitted, key=lambda model: model.score(rows.validation_texts, rows.validation_labels))
    probabilities = np.zeros((len(rows.test_texts), len(rows.labels)))
    probabilities[:, [rows.labels.index(label) for label in best.classes_]] = best.predict_proba(rows.test_texts)
    return _most_probable(probabilities, rows.labels)


def linear_svm(rows: Rows) -> Answers:
    """TF-IDF of words and character n-grams and a linear support vector machine, one class against the rest; C is chosen as above.

    Its distances to the planes are no probabilities, so it gives none.
    """
    train, validation = (rows.train_texts, rows.train_labels), (rows.validation_texts, rows.validation_labels)
    return Answers(fitted_svm(train, validation, language=rows.language, seed=rows.seed)(rows.test_texts), None)


def fitted_svm(train: Labelled, validation: Labelled, *, language: str, seed: int) -> Callable[[Sequence[str]], list[str]]:
    """Texts → the labels that `linear_svm` gives them."""
    vectorizer = features.words_and_characters(language)
    train_vectors, validation_vectors = vectorizer.fit_transform(train[0]), vectorizer.transform(validation[0])
    fitted = [LinearSVC(C=cost, random_state=seed).fit(train_vectors, train[1]) for cost in SVM_COSTS]
    best = max(fitted, key=lambda model: model.score(validation_vectors, validation[1]))

    def answer(texts: Sequence[str]) -> list[str]:
        labels: list[str] = best.predict(vectorizer.transform(texts)).tolist()
        return labels

    return answer


def knn(rows: Rows) -> Answers:
    """A vote of the most similar training rows, weighted by similarity; the probabilities are the shares of the vote.

    They are the rows that prompts with similar examples show, so this is what the examples alone are worth. Where none has anything in
    common with the text, the training shares decide.
    """
    place = {label: i for i, label in enumerate(rows.labels)}
    votes = np.zeros((len(rows.test_texts), len(rows.labels)))
    for vote, neighbours in zip(votes, rows.test_neighbours, strict=True):
        for label, similarity in neighbours:
            vote[place[label]] += max(similarity, 0.0)
    votes[votes.sum(axis=1) == 0] = _shares(rows)
    return _most_probable(votes / votes.sum(axis=1, keepdims=True), rows.labels)


BASELINES: dict[str, Callable[[Rows], Answers]] = {
    "majority": majority,
    "knn": knn,
    "tfidf_logreg": tfidf_logreg,
    "linear_svm": linear_svm,
}


def _shares(rows: Rows) -> Floats:
    return np.array([rows.train_labels.count(label) for label in rows.labels]) / len(rows.train_labels)


def _logreg(rows: Rows, cost: float):  # type: ignore[no-untyped-def]  # scikit-learn has no types
    model = make_pipeline(features.words(rows.language), LogisticRegression(C=cost, max_iter=1000, random_state=rows.seed))
    return model.fit(rows.train_texts, rows.train_labels)


def _most_probable(probabilities: Floats, labels: list[str]) -> Answers:
    return Answers([labels[i] for i in probabilities.argmax(axis=1)], probabilities)
