"""Mining finds planted wrong labels, and stays on its feet with very small classes."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gencls import params
from gencls.mining import cross_fit, marks
from tasks import mine, paths, stage

TOPICS = {"billing": ["invoice", "charged", "refund"], "delivery": ["parcel", "late", "courier"], "returns": ["exchange", "size", "label"]}
SETTINGS = {"language": "en", "folds": 5, "seed": 7}


def noisy_rows(count: int = 300, noise: float = 0.05) -> tuple[list[str], list[str], np.ndarray]:
    """Texts, labels of which a share is wrong, and which those are."""
    rng = np.random.default_rng(0)
    names = list(TOPICS)
    true = rng.integers(0, 3, count)
    texts = [" ".join(rng.choice([*TOPICS[names[i]], "please", "my", "the", "hello"], size=7)) for i in true]
    wrong = rng.random(count) < noise
    given = np.where(wrong, (true + rng.integers(1, 3, count)) % 3, true)
    return texts, [names[i] for i in given], wrong


def test_planted_wrong_labels_have_the_lowest_confidence():
    texts, labels, wrong = noisy_rows()
    mined = cross_fit.score(texts, labels, **SETTINGS)
    uncertain = marks.mark(mined["confidence"], 0.1)
    assert uncertain.sum() == 30
    assert uncertain[wrong].mean() > 0.9
    assert mined["suggested"].nunique() == 3
    assert mined.loc[~wrong, "confidence"].mean() > mined.loc[wrong, "confidence"].mean() + 0.3


def test_the_same_seed_gives_the_same_confidence_and_another_seed_other_folds():
    texts, labels, _ = noisy_rows(60)
    first = cross_fit.score(texts, labels, **SETTINGS)
    pd.testing.assert_frame_equal(first, cross_fit.score(texts, labels, **SETTINGS))
    assert not first.equals(cross_fit.score(texts, labels, **{**SETTINGS, "seed": 8}))


def test_cross_fitting_gives_what_it_always_gave():
    texts, labels, _ = noisy_rows(60)
    mined = cross_fit.score(texts, labels, **SETTINGS)
    lines = mined.to_csv(float_format="%.6f", lineterminator="\n")
    assert hashlib.sha256(lines.encode()).hexdigest() == "f66ee29ea90c7b422423042c2f813f888492bee04e8960270c8732d23a4fea25"


def test_folds_are_stratified_and_even():
    gold = np.repeat([0, 1, 2], [50, 30, 3])
    fold = cross_fit.assign_folds([f"text {i}" for i in range(83)], gold, 5, 7)
    assert list(np.bincount(fold)) == [17, 17, 17, 16, 16]
    assert list(np.bincount(fold[gold == 0])) == [10] * 5
    assert len(set(fold[gold == 2])) == 3


def test_copies_of_a_text_share_a_fold():
    texts = [f"text {i % 20}" for i in range(60)]
    fold = cross_fit.assign_folds(texts, np.arange(60) % 3, 5, 7)
    assert all(len(set(fold[np.array(texts) == text])) == 1 for text in set(texts))


def test_a_class_with_one_row_is_not_judged_and_never_marked():
    texts, labels, _ = noisy_rows(60, noise=0)
    mined = cross_fit.score([*texts, "quite alone"], [*labels, "hermit"], **SETTINGS)
    assert mined["confidence"].isna().tolist() == [False] * 60 + [True]
    assert not marks.mark(mined["confidence"], 0.99).iloc[-1]


def test_a_class_with_fewer_rows_than_folds_is_judged():
    texts, labels, _ = noisy_rows(60, noise=0)
    mined = cross_fit.score([*texts, "gift card", "gift voucher"], [*labels, "gifts", "gifts"], **SETTINGS)
    assert mined["confidence"].notna().all()


def test_rows_that_cannot_be_cross_fitted_are_an_error():
    with pytest.raises(cross_fit.MiningError, match=r"two classes with two different texts each are needed to cross-fit, got 1 \(a\)"):
        cross_fit.score(["x y", "y z", "z"], ["a", "a", "b"], **SETTINGS)


def test_ties_go_to_the_earlier_row():
    assert marks.mark(pd.Series([0.5, 0.1, 0.5, 0.5]), 0.5).tolist() == [True, True, False, False]


def test_the_summary_counts_what_was_found():
    mined = pd.DataFrame({"confidence": [0.1, 0.2, 0.9, 0.8], "uncertain": [True, True, False, False]})
    summary = marks.summarise(mined, pd.Series([True, False, False, True]), ["a", "b"])
    assert (summary["rows"], summary["marked"], summary["threshold"]) == (4, 2, 0.2)
    assert summary["noise"] == {"rows": 2, "found": 1, "precision": 0.5, "recall": 0.5}
    assert marks.summarise(mined, None, [])["noise"] is None
    clean = marks.summarise(mined, pd.Series([False] * 4), [])
    assert clean["noise"] == {"rows": 0, "found": 0, "precision": 0.0, "recall": None}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> params.Params:
    monkeypatch.chdir(tmp_path)
    paths.data("topics").mkdir(parents=True)
    (paths.data("topics") / "labels.json").write_text(json.dumps({"language": "en", "labels": sorted(TOPICS), "definitions": {}}))
    return params.parse({"datasets": {"topics": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "similar_3": {}}})


def test_the_stage_compares_with_the_recorded_noise(settings: params.Params):
    texts, labels, wrong = noisy_rows()
    train = pd.DataFrame({"id": [f"train-{i:05}" for i in range(300)], "text": texts, "label": labels})
    train["clean_label"] = train["label"].where(~wrong, "another")
    train.to_parquet(paths.data("topics") / "train.parquet")
    mine.main(settings, "topics")
    mined = pd.read_parquet(paths.mined("topics"))
    summary = json.loads(paths.mining("topics").read_text())
    assert list(mined.columns) == ["id", "confidence", "suggested", "uncertain"]
    assert list(pd.read_csv(paths.mining_csv("topics"))["id"]) == list(mined[mined["uncertain"]].sort_values("confidence")["id"])
    assert f"{summary['marked']} of 300 training rows" in paths.mining_page("topics").read_text(encoding="utf-8")
    assert mined["uncertain"].dtype == bool
    assert summary["noise"]["rows"] == wrong.sum()
    assert summary["noise"]["recall"] > 0.9
    assert summary["threshold"] == pytest.approx(mined.loc[mined["uncertain"], "confidence"].max(), abs=1e-6)


def test_the_stage_names_the_file_that_cannot_be_mined(settings: params.Params):
    pd.DataFrame({"id": ["train-00000"], "text": ["x"], "label": ["billing"]}).to_parquet(paths.data("topics") / "train.parquet")
    with pytest.raises(stage.StageError, match=r"data/topics/train\.parquet: two classes"):
        mine.main(settings, "topics")
