"""Bases as scorers: one that knows the task finds planted wrong labels, and of several the two best on validation are taken."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import LABELS, NAMES, rows

from gencls import models, params
from gencls.mining import marks, zero_shot
from gencls.params import Model, Sft, Strategy
from gencls.prompts import REWORDED, TEMPLATES, Prompt, Renderer
from gencls.scheme import LabelScheme, Rows
from gencls.sft import finetune
from gencls.training import Run
from tasks import mine, paths

MODEL = {"device": "cpu", "max_length": 128}
WRONG = range(3, 60, 10)


def prompts(n: int, seed: int) -> list[Prompt]:
    """Every row in both wordings."""
    both = [Renderer(Strategy(), NAMES, wording["en"]) for wording in (TEMPLATES, REWORDED)]
    return [Prompt(f"row-{i}", renderer.segments(text), label) for i, (text, label) in enumerate(rows(n, seed)) for renderer in both]


@pytest.fixture(scope="module")
def teacher(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that knows the task, in either wording."""
    folder = tmp_path_factory.mktemp("teacher")
    network, tokenizer = models.load(base_folder, Model(**MODEL), trainable=True)
    scheme = LabelScheme.build(tokenizer, NAMES, MODEL["max_length"])
    both: dict[str, Rows] = {"train": scheme.encode(prompts(150, 1)), "validation": scheme.encode(prompts(30, 2))}
    sft = Sft(epochs=6, batch_size=16, optimizer="adamw", lr=5e-3, unmerge=0.0)
    network = finetune(network, scheme, both, sft, Run(seed=7, scratch=folder / "checkpoints", curve=folder / "curve.csv"))
    models.save(network, tokenizer, folder / "model", {})
    return folder / "model"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of 60 training rows of which six have another label than their text says."""
    monkeypatch.chdir(tmp_path)
    paths.data("toy").mkdir(parents=True)
    (paths.data("toy") / "labels.json").write_text(json.dumps({"language": "en", "labels": LABELS, "definitions": {}}))
    for split, n, seed in (("train", 60, 5), ("validation", 30, 6)):
        frame = pd.DataFrame(rows(n, seed), columns=["text", "label"])
        frame.insert(0, "id", [f"{split}-{i:05}" for i in range(n)])
        if split == "train":
            frame["clean_label"] = frame["label"]
            frame.loc[WRONG, "label"] = [LABELS[(LABELS.index(label) + 1) % 3] for label in frame.loc[WRONG, "label"]]
        frame.to_parquet(paths.data("toy") / f"{split}.parquet")
    return tmp_path


def settings(*bases: object) -> params.Params:
    section = {"scorer": "zero_shot", "bases": [str(base) for base in bases]}
    content = {"datasets": {"toy": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "similar_3": {}}}
    return params.parse({**content, "model": MODEL, "mine": section})


def test_a_base_that_knows_the_task_finds_planted_wrong_labels(project: Path, teacher: Path) -> None:
    paths.base("toy").mkdir(parents=True)
    (paths.base("toy") / models.POINTER).write_text(json.dumps({"base": str(teacher), "commit": None}))
    written = []
    for _ in range(2):
        mine.main(settings(), "toy")
        written.append([file("toy").read_bytes() for file in (paths.mined, paths.mining, paths.mining_page, paths.mining_csv)])
    assert written[0] == written[1]
    mined = pd.read_parquet(paths.mined("toy"))
    train = pd.read_parquet(paths.data("toy") / "train.parquet")
    assert list(mined.index[mined["uncertain"]]) == list(WRONG)
    assert list(mined.loc[WRONG, "suggested"]) == list(train.loc[WRONG, "clean_label"])
    summary = json.loads(paths.mining("toy").read_text())
    assert summary["noise"] == {"rows": 6, "found": 6, "precision": 1.0, "recall": 1.0}
    assert summary["scorers"] == [str(teacher), f"{teacher}, asked in other words"]
    assert [trial["reworded"] for trial in summary["zero_shot"]["candidates"]] == [False, True]
    assert not marks.guessers(summary["zero_shot"])


def test_of_several_bases_the_two_best_on_validation_are_taken(project: Path, teacher: Path, base_folder: Path) -> None:
    second = project / "second"
    shutil.copytree(teacher, second)
    mine.main(settings(teacher, base_folder, second), "toy")
    summary = json.loads(paths.mining("toy").read_text())
    assert summary["scorers"] == [str(teacher), str(second)]
    trials = summary["zero_shot"]["candidates"]
    assert [trial["chosen"] for trial in trials] == [True, False, True]
    assert trials[1]["accuracy"] < trials[0]["accuracy"] == trials[2]["accuracy"]
    assert str(base_folder) in paths.mining_page("toy").read_text(encoding="utf-8")


def test_a_single_base_of_the_list_is_asked_twice(project: Path, teacher: Path) -> None:
    mine.main(settings(teacher), "toy")
    assert json.loads(paths.mining("toy").read_text())["scorers"] == [str(teacher), f"{teacher}, asked in other words"]


def test_the_page_warns_of_judges_that_know_no_more_than_the_most_frequent_label(
    project: Path, base_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = pd.read_parquet(paths.data("toy") / "validation.parquet")
    validation[validation["label"] == LABELS[0]].to_parquet(paths.data("toy") / "validation.parquet")
    mine.main(settings(base_folder), "toy")
    assert "no better than always answering the most frequent label" in capsys.readouterr().out
    page = " ".join(paths.mining_page("toy").read_text(encoding="utf-8").split())
    assert "no better than always answering the most frequent label (100.0 %)" in page


def test_confidence_is_the_mean_of_both_judges(project: Path, teacher: Path, base_folder: Path) -> None:
    train, validation = (pd.read_parquet(paths.data("toy") / f"{split}.parquet") for split in ("train", "validation"))
    judge = zero_shot.Judge(LABELS, "en", Model(**MODEL))
    asked = [zero_shot.Candidate(str(folder), None) for folder in (teacher, base_folder)]
    scores, _ = zero_shot.score(judge, asked, train, validation)
    mean = (judge(asked[0], train) + judge(asked[1], train)) / 2
    assert mean.sum(axis=1) == pytest.approx(1)
    assert list(scores["confidence"]) == pytest.approx([mean[i, LABELS.index(label)] for i, label in enumerate(train["label"])])


def test_a_base_that_is_not_there_is_an_error_that_names_its_place(project: Path, teacher: Path) -> None:
    with pytest.raises(models.ModelError, match=r"mine.bases\[1\] 'nobody/nothing' \(revision v1\) is neither a folder nor a hub id"):
        mine.main(settings(teacher, "nobody/nothing@v1"), "toy")


def test_a_base_named_twice_is_an_error() -> None:
    with pytest.raises(params.ParamsError, match=r"mine.bases: got \['a', 'a'\]; a base is named twice"):
        settings("a", "a")
