"""The two-stage recipe as its stages run it: a reasoner, rationales of training rows only, classifiers that reason, their comparison."""

import shutil
from pathlib import Path
from typing import Any

import artifacts
import numpy as np
import pandas as pd
import pytest
from conftest import LABELS, rows

from gencls import calibration, metrics, models, params, predictions, prompts, rationales
from gencls.corpora import CorpusError, read
from gencls.params import FilesCorpus, Strategy
from gencls.rationales import Rationaliser
from gencls.report import reasoning as comparison
from gencls.report.results import Arm, Results, read_final, validation
from tasks import evaluate, final, paths, rationalise, reasoner, render, report, rl, sft, stage

ARMS = ("written", "blind", "shuffled", "withheld", "matched")
TELLING = {"refund": "back", "refund status": "when", "shipping": "late"}
"""The word that a reasoning of the corpus begins with, by answer."""
SECTIONS: dict[str, Any] = {
    "model": {"device": "cpu", "max_length": 160, "max_reasoning": 12},
    "datasets": {"d": {"source": "builtin"}},
    "strategies": {"zero_shot": {}, **{name: {"reasoning": name} for name in ARMS}},
    "grid": {"train": ["zero_shot", *ARMS], "infer": ["zero_shot", "written"], "decoding": ["trie", "generate"]},
    "reasoner": {
        "enabled": True,
        "corpus": {"source": "files", "name": "corpus", "sha256": ""},
        "epochs": 2,
        "batch_size": 16,
        "blind": 0.3,
    },
    "rationalise": {"kinds": ["written", "blind"], "attempts": 2},
    "sft": {"epochs": 10, "batch_size": 8, "lr": 0.01, "unmerge": 0.0},
}


def corpus_line(text: str, label: str) -> str:
    return f'{{"question": "{text}", "answer": "{label}", "reasoning": "{TELLING[label]} {text.split()[0]}"}}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_folder: Path) -> params.Params:
    """Everything before the reasoner, in small: a data set without validation and test rows, its base, and a corpus in a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENCLS_DATA", raising=False)
    paths.data("d").mkdir(parents=True)
    write_split("train", 1)
    stage.write_json({"language": "en", "labels": LABELS, "definitions": {}}, paths.data("d") / "labels.json")
    paths.definitions("d").parent.mkdir(parents=True)
    stage.write_json({"definitions": {}}, paths.definitions("d"))
    shutil.copytree(base_folder, paths.base("d"))
    file = paths.raw("corpus") / "train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(corpus_line(*row) for row in rows(80, 5)))
    with pytest.raises(CorpusError, match=r"reasoner\.corpus\.sha256") as wrong:
        read(FilesCorpus(source="files", name="corpus", sha256="0"), file, None, "en", seed=7)
    SECTIONS["reasoner"]["corpus"]["sha256"] = str(wrong.value).split()[-1]
    return params.parse(SECTIONS)


def write_split(split: str, seed: int, labels: list[str] | None = None, count: int = 30) -> None:
    frame = pd.DataFrame(rows(count, seed), columns=["text", "label"]).assign(**({"label": labels} if labels else {}))
    frame.insert(0, "id", [f"{split}-{i:05d}" for i in range(count)])
    frame.to_parquet(paths.data("d") / f"{split}.parquet")


def write_rationales() -> None:
    """Rationales that training can be tried on, whatever a hardly trained reasoner writes."""
    train = pd.read_parquet(paths.data("d") / "train.parquet").iloc[:24]
    paths.rationales("d").parent.mkdir(parents=True, exist_ok=True)
    texts = [f"says {text.split()[0]} {i}" for i, text in enumerate(train["text"])]
    pd.DataFrame({"id": train["id"], "written": texts, "blind": [text.upper() for text in texts]}).to_parquet(paths.rationales("d"))


# ---- the stages


def test_a_reasoner_that_is_off_costs_nothing_and_leaves_an_empty_table(project: params.Params) -> None:
    off = project.model_copy(update={"reasoner": project.reasoner.model_copy(update={"enabled": False})})
    reasoner.main(off, "d")
    rationalise.main(off, "d")
    assert not list(paths.reasoner("d").glob("*.safetensors")) and pd.read_parquet(paths.rationales("d")).empty
    with pytest.raises(params.ParamsError, match=r"reasoning: written needs rationales; set reasoner\.enabled to true"):
        params.parse({**SECTIONS, "reasoner": {"enabled": False}})
    with pytest.raises(params.ParamsError, match="needs 'blind' among"):
        params.parse({**SECTIONS, "rationalise": {"kinds": ["written"]}})


def test_no_gold_label_of_an_evaluation_row_can_reach_the_reasoner(project: params.Params) -> None:
    """The project has no validation and no test rows here, so that a stage which reads them fails; and a model is asked by text alone."""
    reasoner.main(project, "d")
    rationalise.main(project, "d")
    known = set(pd.read_parquet(paths.data("d") / "train.parquet")["id"])
    assert set(pd.read_parquet(paths.rationales("d"))["id"]) <= known
    summary = stage.read_json(paths.rationalising("d"))
    assert summary["rows"] == 30 and set(summary["kinds"]) == {"written", "blind"}
    write_rationales()
    shown = []
    for labels in (None, LABELS[::-1] * 10):
        for split in ("validation", "test"):
            write_split(split, 2, labels)
        render.main(project, "d", "written")
        read_ = [prompts.read(paths.prompts("d", "written") / f"{split}.jsonl") for split in ("validation", "test")]
        assert not any(prompt.reasoning for split in read_ for prompt in split)
        shown.append([prompt.content for split in read_ for prompt in split])
    assert shown[0] == shown[1], "other labels give the same prompts"


def test_rationalising_that_was_killed_ends_with_the_same_rationales(project: params.Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rationales, "PART", 8)
    reasoner.main(project, "d")
    rationalise.main(project, "d")
    whole = paths.rationales("d").read_bytes(), paths.rationalising("d").read_bytes()
    paths.rationales("d").unlink()
    real, calls = Rationaliser._drafts, []

    def dying(self: Rationaliser, *arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(self, *arguments)

    monkeypatch.setattr(Rationaliser, "_drafts", dying)
    with pytest.raises(KeyboardInterrupt):
        rationalise.main(project, "d")
    assert not paths.rationales("d").exists() and len(list(Path(".gencls/checkpoints").rglob("*.json"))) == 3
    rationalise.main(project, "d")
    assert (paths.rationales("d").read_bytes(), paths.rationalising("d").read_bytes()) == whole


def test_every_arm_learns_from_the_same_rows_and_says_what_it_wrote(project: params.Params) -> None:
    write_rationales()
    for split in ("validation", "test"):
        write_split(split, 3)
    rendered = {}
    for name in project.strategies:
        render.main(project, "d", name)
        rendered[name] = prompts.read(paths.prompts("d", name) / "train.jsonl")
    assert len(rendered["zero_shot"]) == 30 and {tuple(p.id for p in rendered[arm]) for arm in ARMS} == {
        tuple(f"train-{i:05d}" for i in range(24))
    }
    assert rendered["withheld"][0].content == rendered["zero_shot"][0].content != rendered["written"][0].content
    assert rendered["written"][0].content.endswith("\nReasoning:")
    assert rendered["shuffled"][0].reasoning != rendered["written"][0].reasoning != rendered["blind"][0].reasoning
    sft.main(project, "d", "written")
    evaluate.main(project, "d", "sft", "written")
    found = pd.read_csv(paths.evaluation("d", "sft", "written") / "written.csv", keep_default_na=False)
    assert set(found["trie"]) <= set(LABELS) and found["reasoning"].str.len().gt(0).any()
    cells = stage.read_json(paths.evaluation("d", "sft", "written") / "metrics.json")["cells"]
    assert cells["zero_shot"]["unended"] == 0 <= cells["written"]["unended"] <= 30
    study = project.model_copy(update={"rl": params.Rl(warmups=["written"], algorithms=["sft"], batch_size=8, evaluations=1)})
    rl.main(study, "d", "written", "sft")
    evaluate.main(study, "d", "rl", "written/sft")
    assert models.card(paths.model("rl", "d", "written/sft"))["max_reasoning"] == 12
    assert stage.read_json(paths.evaluation("d", "rl", "written/sft") / "metrics.json")["cells"]["written"]["scores"]["trie"]
    assert stage.trained_under(project) == {
        **{f"sft/{name}": "written" for name in ARMS[:3]},
        **{f"sft/{name}": "zero_shot" for name in ("zero_shot", "withheld", "matched")},
        "rl/zero_shot/reinforce_pp": "zero_shot",
    }


def test_the_filter_keeps_rationales_that_tell_the_label_and_final_shows_what_was_written(project: params.Params) -> None:
    """The whole recipe, with a reasoner that has learnt something but writes carelessly."""
    careless = {"kinds": ["written", "blind"], "temperature": 1.5, "top_p": 0.999}
    changes = {
        "reasoner": SECTIONS["reasoner"] | {"epochs": 15, "lr": 0.01},
        "rationalise": careless | {"keep": "consistent"},
        "grid": SECTIONS["grid"] | {"train": ["withheld", "written"]},
        "rl": {"algorithms": [], "warmups": ["withheld"]},
    }
    settings = params.parse(SECTIONS | changes)
    for split, count in (("train", 90), ("validation", 30), ("test", 30)):
        write_split(split, 7, count=count)
    train = pd.read_parquet(paths.data("d") / "train.parquet")
    reasoner.main(settings, "d")
    rationalise.main(settings, "d")
    good, summary = pd.read_parquet(paths.rationales("d")).merge(train, on="id"), stage.read_json(paths.rationalising("d"))
    written, left = summary["kinds"]["written"], good[~good["inconsistent"]]
    assert 0 < written["consistent"] == len(left) < summary["good"] == len(good) <= summary["rows"] == 90 and not written["unjudged"]
    assert summary["classes"] == {
        label: {"rows": sum(train["label"] == label), "good": sum(good["label"] == label)} for label in train["label"].value_counts().index
    }
    tells = [TELLING[label] in rationale.split() for label, rationale in zip(good["label"], good["written"], strict=True)]
    right = pd.Series(tells, index=good.index)
    assert right[left.index].mean() > right.drop(left.index).mean() + 0.2
    for name in settings.strategies:
        render.main(settings, "d", name)
    for name in settings.grid.train:
        sft.main(settings, "d", name)
        evaluate.main(settings, "d", "sft", name)
    taught = [prompts.read(paths.prompts("d", name) / "train.jsonl") for name in settings.grid.train]
    assert [{prompt.id for prompt in made} for made in taught] == [set(left["id"])] * 2
    final.main(settings, "d")
    roles = read_final(paths.final("d"))
    found = predictions.read(roles["arm_written"].file)
    assert list(found.columns[:5]) == ["id", "text", "label", "reasoning", "predicted"] and set(found["predicted"]) <= set(LABELS)
    assert found["reasoning"].str.len().gt(0).any() and "reasoning" not in roles["arm_withheld"].predictions
    for arm in (roles["best"], validation(roles["best"])):
        p = calibration.apply_temperature(arm.log_probabilities, 1.0)
        assert np.abs(p - arm.predictions[[f"p_{label}" for label in LABELS]]).max(axis=None) < 1e-6
    about = comparison.Reasoning({name: settings.strategies[name] for name in stage.reasoning_arms(settings)}, summary, "consistent")
    section = comparison.section(about, Results([], roles, []), bootstrap=50, seed=7) or {}
    assert f"were dropped ({written['inconsistent']}): {len(left)} stay." in section["counts"] and section["explained"] == "sft/written"
    assert len(section["samples"]) == 20 and {"text", "label", "reasoning", "predicted"} <= set(section["samples"][0])
    assert [arm.name for arm, *_ in section["arms"]] == ["withheld", "written"] and section["arms"][1][2] is not None


# ---- the report


def test_an_arm_is_compared_with_the_one_that_learnt_labels_under_the_same_prompts() -> None:
    few = {"written_3": Strategy(reasoning="written", shots=3), "withheld_3": Strategy(reasoning="withheld", shots=3)}
    arms = {"withheld": Strategy(reasoning="withheld"), "written": Strategy(reasoning="written")} | few
    assert {name: comparison._direct(name, arms) for name in arms} == {
        "withheld": ("withheld", ""),
        "written": ("withheld", ""),
        "written_3": ("withheld_3", ""),
        "withheld_3": ("withheld_3", ""),
    }
    del arms["withheld_3"]
    assert comparison._direct("written_3", arms) == ("withheld", "; Δ to withheld, whose prompts differ")
    assert comparison._direct("written_3", few | {"withheld_5": Strategy(reasoning="withheld", shots=5)}) == ("withheld_3", "")
    assert comparison._direct("written_3", {"written_3": few["written_3"]}) == (None, "")


def test_two_arms_of_one_kind_are_both_shown(tmp_path: Path) -> None:
    strategies = {"withheld": Strategy(reasoning="withheld"), "written": Strategy(reasoning="written")}
    strategies["written_3"] = Strategy(reasoning="written", shots=3)
    gold, p = LABELS * 10, np.full((30, 3), 1 / 3)
    record = metrics.evaluate(gold, gold, p, labels=LABELS, bootstrap=1, bins=15, seed=7)
    predictions.write(predictions.frame([str(i) for i in range(30)], gold, gold, gold, p, LABELS), tmp_path / "arm.csv")
    roles = {f"arm_{name}": Arm("sft", name, record, tmp_path / "arm.csv") for name in strategies}
    corpus = {"learnt": 1, "too_long": 0}
    about = comparison.Reasoning(strategies, {"corpus": corpus, "kinds": {}, "classes": {}, "rows": 30, "good": 30}, "all")
    section = comparison.section(about, Results([], roles, []), bootstrap=50, seed=7) or {}
    assert [arm.name for arm, *_ in section["arms"]] == list(strategies) and section["explained"] == "sft/written"
    assert [said.endswith("whose prompts differ") for _, said, _ in section["arms"]] == [False, False, True]


def test_the_report_compares_the_arms_and_shows_twenty_explanations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ARMS:
        monkeypatch.setitem(artifacts.SKILL, name, 0.8)
    corpus = {"source": "builtin"}
    settings = params.parse(
        {
            **SECTIONS,
            "reasoner": {"enabled": True, "corpus": corpus},
            "evaluate": {"bootstrap": 50},
            "rationalise": SECTIONS["rationalise"] | {"keep": "consistent"},
        }
    )
    artifacts.write(settings, "d", LABELS, rows=60)
    for file in paths.final("d").glob("sft-written-written-trie.csv"):
        made = pd.read_csv(file, keep_default_na=False)
        made.insert(3, "reasoning", [f"because <b>{i}" for i in range(len(made))])
        made.to_csv(file, index=False)
    curve = paths.curve("reasoner", "d")
    curve.parent.mkdir(parents=True)
    curve.write_text("step,epoch,loss,validation_loss\n1,1,3.0,2.5\n2,2,2.0,2.0\n")
    paths.rationalising("d").parent.mkdir(parents=True)
    dropped = {"empty": 0, "endless": 2, "repeats": 1}
    told = {
        "written": {"consistent": 27, "inconsistent": 25, "unjudged": 2},
        "blind": {"consistent": 18, "inconsistent": 36, "unjudged": 0},
    }
    kinds = {kind: {"redrafted": 9, "dropped": dropped} | told[kind] for kind in ("written", "blind")}
    classes = {label: {"rows": 20, "good": good} for label, good in zip(LABELS, (20, 19, 15), strict=True)}
    counts = {"rows": 60, "good": 54, "kinds": kinds, "classes": classes}
    learnt = {"learnt": 570, "held_out": 30, "too_long": 8}
    stage.write_json({"enabled": True, "corpus": learnt, **counts}, paths.rationalising("d"))
    report.main(settings)
    page = paths.REPORT.read_text(encoding="utf-8")
    assert "The reasoner learnt from 570 rows of its corpus; 8 more were too long for it." in page
    assert (
        "Of 60 training rows 54 got a rationale of every kind (written: 9 drafts written anew, 2 too long, 1 repetitive in the end;" in page
    )
    assert f"of the class {LABELS[2]} 75.0" in page and "Reasoning generator" in page
    recovered = "A scorer that sees nothing but a rationale finds the gold label of 50.0 % of the written ones and 33.3 % of the blind ones"
    assert (
        f"{recovered}; naming the largest class is right for 37.0 %. Rows whose written rationale points elsewhere were dropped (25)"
        in (page.replace("\u00a0", " "))
    )
    assert "27 stay, and 2 that no other row could judge." in page
    assert page.count("because &lt;b&gt;") == 20 and "Q→A: the label only, on the same rows" in page
    assert {f"arm_{name}" for name in ARMS} <= set(stage.read_json(paths.METRICS)["d"])
    record = stage.read_json(paths.RESULTS / "d.json")
    assert record["rationales"] == {"written": 0.5, "blind": 18 / 54, "largest": 20 / 54, "covered": 0.9}
    assert (record["study"], record["base"]) == ("strategies", "builtin") and "reasoning" not in record["arms"]["naive_sft"]
    assert {name: record["arms"][f"arm_{name}"]["reasoning"] for name in ARMS} == {name: name for name in ARMS}
    assert set(record["arms"]["arm_written"]["f1"]) == set(LABELS)
