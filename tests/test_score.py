"""New rows through a finished model and the page about them, without a Prefect server; with one: tests/test_prefect_server.py."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundles
import pytest
from conftest import rows

from flows.score import read, said
from gencls import params as params_module
from gencls.errors import InputError
from gencls.params import Params
from tasks import score

DATA_SET = {"source": "files", "files": "t.csv", "delimiter": ";", "encoding": "windows-1252", "text": "Beschreibung", "label": "Team"}
OFF = {"labels": 99, "confidence": 1, "abstained": 1, "unseen_characters": 1, "unseen_tokens": 1}


@pytest.fixture(scope="module")
def bundle(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.make(base_folder, tmp_path_factory.mktemp("bundles") / "tickets", text="Beschreibung")


@pytest.fixture
def wanted(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Params]:
    """Parameters of a folder with a data set `tickets`, its bundle and new rows; `score` as given."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(bundle, "models/bundle/tickets")
    incoming = Path("data/incoming")
    incoming.mkdir(parents=True)
    lines = "".join(f"{i};{text} ü\n" for i, (text, _) in enumerate(rows(40, seed=8)))
    (incoming / "monday.csv").write_bytes(f"Nr;Beschreibung\n{lines}".encode("windows-1252"))
    (incoming / "tuesday.jsonl").write_text(
        "".join(json.dumps({"Beschreibung": text + " ü"}, ensure_ascii=False) + "\n" for text, _ in rows(20, seed=9)) + "[1]\n", "utf-8"
    )
    (incoming / "notes.txt").write_text("no rows")

    def made(**changes: Any) -> Params:
        content = {"datasets": {"tickets": DATA_SET}, "strategies": {"zero_shot": {}, "similar_3": {"shots": 3}}, "score": changes}
        return params_module.parse(content)

    return made


def run(params: Params) -> score.Drift:
    started = score.start(params)
    return score.finish(started, [score.predict_file(started, file) for file in started.files])


def test_every_file_is_predicted_and_read_as_the_data_set_was(wanted: Callable[..., Params]) -> None:
    drift = run(wanted(**OFF))
    out = Path("reports/score")
    assert sorted(f.name for f in out.iterdir()) == [
        "drift.html",
        "drift.json",
        "monday.csv",
        "tuesday.jsonl",
        "tuesday.jsonl.unreadable.jsonl",
    ]
    head, first, *_ = (out / "monday.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("Nr;Beschreibung;predicted;confidence") and " ü;" in first
    tuesday = [json.loads(line) for line in (out / "tuesday.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(row["Beschreibung"].endswith(" ü") for row in tuesday), "the encoding of the data set's csv is not that of jsonl"
    assert json.loads((out / "drift.json").read_text())["rows"] == 60
    assert drift.page == out / "drift.html" and not drift.exceeded and drift.verdict == "no measure is above its threshold"
    assert "monday.csv, row 1" in drift.page.read_text(encoding="utf-8") or "tuesday.jsonl, line" in drift.page.read_text(encoding="utf-8")


def test_files_without_rows_are_left_out_and_what_cannot_be_read_is_said_before_anything_is_predicted(
    wanted: Callable[..., Params], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("data/incoming/sunday.csv").write_text("Nr;Beschreibung\n")
    Path("data/incoming/sunday.jsonl").write_text("")
    assert [file.name for file in score.start(wanted(**OFF)).files] == ["monday.csv", "tuesday.jsonl"]
    said = capsys.readouterr().err
    assert "sunday.csv: no rows; left out" in said and "sunday.jsonl: no rows; left out" in said
    with pytest.raises(InputError, match=r"score\.source: data/incoming/sunday\.csv: no rows in it"):
        score.start(wanted(source="data/incoming/sunday.csv"))
    Path("data/incoming/zuletzt.csv").write_text("Nr;Text\n1;a\n")
    with pytest.raises(InputError, match=r"zuletzt\.csv: no column 'Beschreibung'"):
        score.start(wanted(**OFF, text="Beschreibung"))
    assert not list(Path("reports/score").iterdir())


def test_above_a_threshold_the_sentence_names_the_measure(wanted: Callable[..., Params]) -> None:
    drift = run(wanted(**OFF | {"confidence": 0.3}))
    assert (
        drift.exceeded
        and drift.verdict.startswith("drift: shift of the confidence ")
        and drift.verdict.endswith(" is above score.confidence 0.3")
    )


def test_a_killed_run_goes_on_and_ends_with_the_same_files(wanted: Callable[..., Params], capsys: pytest.CaptureFixture[str]) -> None:
    params = wanted(**OFF)
    run(params)
    out = Path("reports/score")
    whole = {f.name: f.read_bytes() for f in out.iterdir()}
    shutil.rmtree(out)
    started = score.start(params)
    score.predict_file(started, started.files[0])  # killed in or before the second file
    capsys.readouterr()
    run(params)
    assert "40 rows were predicted before; going on from there" in capsys.readouterr().err
    assert {f.name: f.read_bytes() for f in out.iterdir()} == whole


def test_what_cannot_be_used_is_one_sentence_before_the_model_is_loaded(wanted: Callable[..., Params]) -> None:
    for changes, message in (
        ({"source": "nowhere"}, "score.source: nowhere: no such file or folder; put new rows there"),
        ({"source": "models"}, "score.source: models: no file to read in it; read are .csv"),
        ({"source": "data/incoming/notes.txt"}, r"score.source: data/incoming/notes.txt: cannot tell what '\.txt' is; read are \.csv"),
        ({"out": "models/../data/incoming"}, "score.out: models/../data/incoming is where score.source lies, whose files it would replace"),
        ({"source": "data/incoming/monday.csv", "out": "data/incoming"}, "score.out: data/incoming is where score.source lies"),
        ({"model": "models"}, "models: known.json is missing"),
    ):
        with pytest.raises(InputError, match=message):
            score.start(wanted(**changes))
    two = params_module.parse({"datasets": {"a": DATA_SET, "b": DATA_SET}, "strategies": {"zero_shot": {}, "similar_3": {"shots": 3}}})
    with pytest.raises(InputError, match=r"score\.model: null, but there are several data sets.*choices: models/bundle/a, models/bundle/b"):
        score.start(two)


def test_a_message_names_the_key_that_mends_it(wanted: Callable[..., Params]) -> None:
    for changes, message in (
        ({"text": "Text"}, r"monday\.csv: no column 'Text', which score\.text 'Text' needs"),
        ({"text": "{Text"}, r"score\.text: the template '\{Text' is wrong"),
        ({"delimiter": "|"}, r"only one column, .* when split at '\|'; score\.delimiter ';' splits it"),
        ({"encoding": "latin-99"}, r"score\.encoding: 'latin-99' is unknown"),
        ({"encoding": "utf-8"}, r"byte 0xfc is not of the encoding; name another one with score\.encoding, as windows-1252"),
    ):
        with pytest.raises(InputError, match=message):
            score.start(wanted(**changes))


def test_a_bundle_that_is_replaced_while_it_is_read_is_refused(wanted: Callable[..., Params]) -> None:
    model = score.bundle(wanted())
    with pytest.raises(InputError, match=f"{model}: replaced while it was read"), score._unreplaced(model):
        shutil.copy(model / "bundle.json", "new.json")
        Path("new.json").replace(model / "bundle.json")
    with pytest.raises(InputError, match=f"{model}: replaced while it was read"), score._unreplaced(model):
        shutil.rmtree(model)
        score.Classifier.load(model)


def test_values_for_one_run_are_checked_with_the_rest(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    shutil.copy(root / "params.yaml", tmp_path)
    assert read(tmp_path, {"labels": 0.5}).score.labels == 0.5
    for changes, message in (({"alpha": 2}, "score.alpha: got 2"), ({"label": 1}, "score.label: unknown key; choices: model, source")):
        with pytest.raises(InputError, match=message):
            read(tmp_path, changes)
    assert said(["source=new.csv", "labels=0.3"]) == {"source": "new.csv", "labels": 0.3}
    typed = ["text={subject}\\n{body}", "delimiter=|", "source=2024", "out=a: b", "encoding=utf-8", "model=[a]"]
    assert said(typed) == {**dict(word.split("=") for word in typed), "text": "{subject}\n{body}"}, "no YAML"
    for word in ("model=null", "model="):
        with pytest.raises(InputError, match=f"'{word}': null cannot be said for one run; leave model out, or set score.model in params"):
            said([word])
