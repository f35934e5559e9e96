"""Baselines on rows that words decide, and the stage that runs them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gencls import metrics, params
from gencls.baselines import BASELINES, Rows, majority, tfidf_logreg
from tasks import baseline, paths

TOPICS = {"billing": ["invoice", "charged", "refund"], "delivery": ["parcel", "late", "courier"], "returns": ["exchange", "size", "label"]}
CHINESE = {"财经": "股票基金上涨下跌", "体育": "比赛球队进球冠军"}


def rows(count: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    labels = [str(label) for label in rng.choice(list(TOPICS), size=count, p=[0.5, 0.3, 0.2])]
    return [" ".join(rng.choice([*TOPICS[label], "please", "my", "the"], size=6)) for label in labels], labels


def task(**changes) -> Rows:
    train, validation, test = rows(120, 0), rows(40, 1), rows(60, 2)
    settings = {"labels": sorted(TOPICS), "language": "en", "seed": 7, **changes}
    return Rows(*train, *validation, test[0], **settings)


def test_the_majority_is_the_most_frequent_training_label_with_the_training_shares():
    answers = majority(task())
    assert set(answers.predicted) == {"billing"}
    shares = [task().train_labels.count(label) / 120 for label in sorted(TOPICS)]
    assert answers.probabilities == pytest.approx(np.tile(shares, (60, 1)))


def test_words_that_decide_are_learnt():
    answers = tfidf_logreg(task())
    assert metrics.evaluate(rows(60, 2)[1], answers.predicted, None, labels=sorted(TOPICS), bootstrap=1, bins=1, seed=0)["accuracy"] > 0.9


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_gives_a_distribution_over_the_whole_label_set(name: str):
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
    rows = Rows(texts[:40], labels[:40], texts[40:60], labels[40:60], texts[60:], sorted(CHINESE), "zh", 7)
    assert tfidf_logreg(rows).predicted == labels[60:]


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
    baseline.main(settings, "topics")
    written = {file.name: file.read_bytes() for file in paths.baseline("topics").iterdir()}
    assert sorted(written) == ["majority.csv", "metrics.json", "tfidf_logreg.csv"]
    records = json.loads(written["metrics.json"])
    assert list(records) == list(BASELINES)
    predictions = metrics.read_predictions(paths.baseline("topics") / "tfidf_logreg.csv")
    assert (predictions["predicted"] == predictions["label"]).mean() == pytest.approx(records["tfidf_logreg"]["accuracy"], abs=1e-6)
    baseline.main(settings, "topics")
    assert written == {file.name: file.read_bytes() for file in paths.baseline("topics").iterdir()}
