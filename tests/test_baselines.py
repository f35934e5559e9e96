"""Baselines on rows that words decide, and the stage that runs them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import copy_of

from gencls import params, predictions
from gencls.baselines import BASELINES, Rows, knn, linear_svm, majority, tfidf_logreg
from gencls.neighbours import Neighbours, Tfidf
from tasks import baseline, neighbours, paths

TOPICS = {"billing": ["invoice", "charged", "refund"], "delivery": ["parcel", "late", "courier"], "returns": ["exchange", "size", "label"]}
CHINESE = {"财经": "股票基金上涨下跌", "体育": "比赛球队进球冠军"}


def rows(count: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    labels = [str(label) for label in rng.choice(list(TOPICS), size=count, p=[0.5, 0.3, 0.2])]
    return [" ".join(rng.choice([*TOPICS[label], "please", "my", "the"], size=6)) for label in labels], labels


def task(**changes) -> Rows:
    train, validation, test = rows(120, 0), rows(40, 1), rows(60, 2)
    settings = {"labels": sorted(TOPICS), "language": "en", "seed": 7, **changes}
    return Rows(*train, *validation, test[0], nearest(*train, test[0]), **settings)


def nearest(texts: list[str], labels: list[str], queries: list[str], language: str = "en") -> list[list[tuple[str, float]]]:
    found = Neighbours(texts, Tfidf(language)).nearest(queries)
    return [[(labels[row], similarity) for row, similarity in rows] for rows in found]


def accuracy(predicted: list[str], gold: list[str]) -> float:
    return float(np.mean([a == b for a, b in zip(predicted, gold, strict=True)]))


def test_the_majority_is_the_most_frequent_training_label_with_the_training_shares():
    answers = majority(task())
    assert set(answers.predicted) == {"billing"}
    shares = [task().train_labels.count(label) / 120 for label in sorted(TOPICS)]
    assert answers.probabilities == pytest.approx(np.tile(shares, (60, 1)))


@pytest.mark.parametrize("learner", [tfidf_logreg, linear_svm, knn])
def test_words_that_decide_are_learnt(learner):
    assert accuracy(learner(task()).predicted, rows(60, 2)[1]) > 0.9


def test_the_vote_of_the_neighbours_is_weighted_by_similarity():
    near = [[("a", 0.9), ("b", 0.5), ("b", 0.3)], [("a", 0.4), ("b", 0.3), ("b", 0.3)], [("b", 0.0), ("b", -0.1)], []]
    answers = knn(Rows(["x", "y", "z"], ["a", "a", "b"], [], [], ["1", "2", "3", "4"], near, ["a", "b"], "en", 7))
    assert answers.predicted == ["a", "b", "a", "a"]
    assert answers.probabilities == pytest.approx(np.array([[9 / 17, 8 / 17], [0.4, 0.6], [2 / 3, 1 / 3], [2 / 3, 1 / 3]]))


def test_the_distances_of_the_support_vector_machine_are_not_passed_off_as_probabilities():
    assert linear_svm(task()).probabilities is None


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "linear_svm"])
def test_every_other_baseline_gives_a_distribution_over_the_whole_label_set(name: str):
    labels = [*sorted(TOPICS), "never trained on"]
    answers = BASELINES[name](task(labels=labels))
    assert answers.probabilities.shape == (60, 4)
    assert answers.probabilities.sum(axis=1) == pytest.approx(np.ones(60))
    assert not answers.probabilities[:, 3].any()
    assert answers.predicted == [labels[i] for i in answers.probabilities.argmax(axis=1)]


def test_chinese_is_read_by_characters():
    rng = np.random.default_rng(0)
    labels = [str(label) for label in rng.choice(list(CHINESE), size=80)]
    texts = ["".join(rng.choice(list(CHINESE[label]), size=7)) for label in labels]
    near = nearest(texts[:40], labels[:40], texts[60:], "zh")
    rows = Rows(texts[:40], labels[:40], texts[40:60], labels[40:60], texts[60:], near, sorted(CHINESE), "zh", 7)
    assert tfidf_logreg(rows).predicted == linear_svm(rows).predicted == knn(rows).predicted == labels[60:]


def read(ds: str, split: str) -> tuple[list[str], list[str]]:
    lines = (copy_of(ds) / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
    frame = pd.DataFrame([json.loads(line) for line in lines if line])
    return list(frame["text"]), list(frame["label"])


def test_the_linear_baselines_are_a_floor_worth_beating_on_real_titles():
    train, validation, (texts, gold) = (read("tnews_fewclue", split) for split in params.SPLITS)
    rows = Rows(*train, *validation, texts, nearest(*train, texts, "zh"), sorted(set(train[1])), "zh", 7)
    assert accuracy(linear_svm(rows).predicted, gold) > 0.42
    assert accuracy(knn(rows).predicted, gold) > 0.32


def test_the_stage_writes_a_record_and_predictions_per_baseline_and_the_same_bytes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    folder = paths.data("topics")
    folder.mkdir(parents=True)
    for seed, split in enumerate(params.SPLITS):
        texts, labels = rows(60, seed)
        frame = pd.DataFrame({"id": [f"{split}-{i:05}" for i in range(60)], "text": texts, "label": labels})
        frame.to_parquet(folder / f"{split}.parquet")
    (folder / "labels.json").write_text(json.dumps({"language": "en", "labels": sorted(TOPICS), "definitions": {}}))
    settings = params.parse({"datasets": {"topics": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "similar_3": {}}})
    neighbours.main(settings, "topics")
    baseline.main(settings, "topics")
    written = {file.name: file.read_bytes() for file in paths.baseline("topics").iterdir()}
    assert sorted(written) == ["knn.csv", "linear_svm.csv", "majority.csv", "metrics.json", "tfidf_logreg.csv"]
    records = json.loads(written["metrics.json"])
    assert list(records) == list(BASELINES)
    answers = predictions.read(paths.baseline("topics") / "tfidf_logreg.csv")
    assert (answers["predicted"] == answers["label"]).mean() == pytest.approx(records["tfidf_logreg"]["accuracy"], abs=1e-6)
    baseline.main(settings, "topics")
    assert written == {file.name: file.read_bytes() for file in paths.baseline("topics").iterdir()}
