"""`make new`: from a file as people have them to parameters that run, or one error that says what to name."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import copy_of
from ruamel.yaml import YAML

from gencls import params
from gencls.params.editing import edited
from gencls.start import columns, opening
from gencls.start.opening import detect
from tasks import ingest, new, paths, validate
from tasks.stage import StageError

ROOT = Path(__file__).parents[1]
WORDS = {"Rechnung": ["Gebühr", "doppelt", "abgebucht"], "Versand": ["Paket", "verspätet", "Zusteller"], "Rückgabe": ["Umtausch", "Größe"]}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the repository's parameters, in which the test runs."""
    (tmp_path / "presets").mkdir()
    for preset in (ROOT / "presets").glob("*.yaml"):
        (tmp_path / "presets" / preset.name).write_bytes(preset.read_bytes())
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tickets(n: int = 120) -> list[dict[str, str]]:
    rng = random.Random(0)
    labels = [list(WORDS)[i % 3] for i in range(n)]
    return [
        {"Nr": f"{i:04}", "Nachricht": " ".join([*rng.choices(WORDS[label], k=3), f"Nummer {i}", "bitte"]), "Abteilung": label}
        for i, label in enumerate(labels)
    ]


def write(rows: list[dict[str, Any]], file: Path, *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with file.open("w", encoding=encoding, newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def copies(ds: str, n: int) -> list[dict[str, str]]:
    return [json.loads(line) for line in (copy_of(ds) / "train.jsonl").read_text(encoding="utf-8").split("\n")[:n]]


def keys(content: Any, prefix: str = "") -> set[str]:
    return {f"{prefix}{key}" for key in content} | {
        k for key, of in content.items() if isinstance(of, dict) for k in keys(of, f"{prefix}{key}.")
    }


def raw(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def run(ds: str) -> params.Params:
    """What a user does next, as far as it is quick."""
    content = params.load(paths.PARAMS)
    ingest.main(content, ds)
    validate.main(content, ds)
    return content


def test_english_with_semicolons_in_windows_1252_becomes_parameters_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    table = [
        {"when": f"2024-01-{i % 28 + 1:02}", "said": f"{r['text']} – it’s a café", "feeling": r["label"]}
        for i, r in enumerate(copies("emotion", 900))
    ]
    file = write(table, Path("My tweets.csv"), encoding="windows-1252", delimiter=";")
    new.main([str(file)])
    said = capsys.readouterr().out
    for part in (
        "windows-1252, separated by ';', 900 rows",
        "text: 'said'",
        "label: 'feeling', 6 classes",
        "doubt: not UTF-8",
        "`dvc add 'data/raw/my_tweets/My tweets.csv'`",
        "an estimate",
        "GFLOP/s",
    ):
        assert part in said
    spec = run("my_tweets").datasets["my_tweets"]
    assert isinstance(spec, params.FilesDataSet) and (spec.text, spec.label, spec.language, spec.delimiter) == (
        "said",
        "feeling",
        "en",
        ";",
    )
    frames = {split: pd.read_parquet(paths.data("my_tweets") / f"{split}.parquet") for split in params.SPLITS}
    assert {split: len(frame) for split, frame in frames.items()} == {"train": 630, "validation": 90, "test": 180}
    grid = raw(paths.PARAMS)["grid"]
    assert "mixed" in grid["train"] and "mixed" not in grid["infer"], "it is asked as zero_shot is"
    assert all("’" in text for text in frames["test"]["text"])


def test_chinese_with_a_byte_order_mark_becomes_parameters_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    table = [{"编号": i, "标题": row["text"], "分类": row["label"]} for i, row in enumerate(copies("tnews_fewclue", 600))]
    new.main([str(write(table, Path("新闻.csv"), encoding="utf-8-sig")), "--name", "news"])
    assert "prompts in zh" in capsys.readouterr().out
    spec = run("news").datasets["news"]
    assert isinstance(spec, params.FilesDataSet) and (spec.text, spec.label, spec.language) == ("标题", "分类", "zh")
    preset, made = raw(ROOT / "presets/tnews_fewclue.yaml"), raw(paths.PARAMS)
    for section in ("base", "sft"):
        for key in ("epochs", "batch_size"):
            assert made[section][key] == preset[section][key], "few rows, many steps"


def test_the_parameters_have_all_keys_and_comments_of_the_default_file() -> None:
    new.main([str(write(tickets(), Path("tickets.csv")))])
    default, made = raw(ROOT / "params.yaml"), raw(paths.PARAMS)
    for content in (default, made):
        content["strategies"] = content["datasets"] = {}
    assert keys(made) == keys(default)
    assert set(raw(paths.PARAMS)["datasets"]["tickets"]) == set(params.FilesDataSet.model_fields)
    text = paths.PARAMS.read_text(encoding="utf-8")
    comments = {line.partition("# ")[2] for line in (ROOT / "presets/default.yaml").read_text().split("\n")[3:] if "# " in line}
    gone = {comment for comment in comments if comment not in text}
    assert gone <= {"its card and its definitions: data/raw/intents"}
    assert "tickets" in (paths.raw("tickets") / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["tsv", "jsonl", "parquet"])
def test_other_formats_are_read(form: str) -> None:
    file = Path(f"tickets.{form}")
    if form == "tsv":
        write(tickets(), file, delimiter="\t")
    elif form == "jsonl":
        file.write_text("\n".join(json.dumps(row) for row in tickets()), encoding="utf-8")
    else:
        pd.DataFrame(tickets()).to_parquet(file)
    table = opening.read(file)
    assert table.form == form and table.records == tickets()
    assert columns.text_column(columns.columns(table.records))[0] == "Nachricht"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Die Größe passt nicht, bitte schicken Sie mir ein Rücksendeetikett für das Paket", "windows-1252"),
        ("Le colis est arrivé abîmé, où puis-je demander à être remboursé s’il vous plaît", "windows-1252"),
        ("快递一直没有送到，请问什么时候可以收到我的包裹", "gb18030"),
        ("plain words", "utf-8"),
        ("schon ü in UTF-8", "utf-8"),
        ("beides ü", "utf-16"),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str) -> None:
    found, doubts = detect("\r\n".join([text] * 20).encode(encoding), "x.csv")
    assert found == encoding
    assert bool(doubts) == (encoding in ("windows-1252", "gb18030"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_every_row(delimiter: str) -> None:
    rows = [{**row, "Nachricht": f"{row['Nachricht']}, bitte; danke | gern"} for row in tickets(30)]
    table = opening.read(write(rows, Path("tickets.csv"), delimiter=delimiter))
    assert table.delimiter == delimiter and table.records == rows


def test_a_blank_cell_is_a_missing_one_to_make_new_and_to_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    table = tickets()
    table[0]["Nachricht"], table[1]["Nachricht"], table[2]["Abteilung"] = "", " \t", "\u3000"
    new.main([str(write(table, Path("tickets.csv")))])
    said = capsys.readouterr().out
    for part in ("2 rows have no text, or nothing but", "1 rows have no label", "3 classes from", "train 82, validation 12, test 23"):
        assert part in said
    content = params.load(paths.PARAMS)
    ingest.main(content, "tickets")
    frames = [pd.read_parquet(paths.data("tickets") / f"{split}.parquet") for split in params.SPLITS]
    assert pd.concat(frames)[["text", "label"]].isna().sum().tolist() == [2, 1]


def test_parameters_that_were_edited_are_kept_and_need_force(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(write(tickets(), Path("tickets.csv")))
    edited = paths.PARAMS.read_text().replace("seed: 7", "seed: 8")
    paths.PARAMS.write_text(edited)
    with pytest.raises(StageError, match=r"params.yaml was edited and would be replaced; --force"):
        new.main([file])
    assert paths.PARAMS.read_text() == edited and not paths.raw("tickets").exists()
    new.main([file, "--force"])
    assert Path("params.yaml.1.bak").read_text() == edited
    assert "kept as params.yaml.1.bak" in capsys.readouterr().out
    new.main([file])
    assert "the old params.yaml was as make new wrote it" in capsys.readouterr().out
    paths.PARAMS.write_text(paths.PARAMS.read_text().replace("seed: 7", "seed: 8"))
    with pytest.raises(StageError, match=r"params.yaml was edited"):
        new.main([file])


@pytest.mark.parametrize("file", ["2024.csv", "2024-05-12.csv", "1e3.csv", "0x1F.csv", "null.csv", "No.csv"])
def test_a_file_whose_name_yaml_takes_for_something_else_gives_a_name_all_the_same(file: str) -> None:
    name = new._name_of(Path(file))
    assert name == f"data_{Path(file).stem.lower().replace('-', '_')}" and YAML(typ="safe", pure=True).load(f"{name}: {{}}") == {name: {}}
    with pytest.raises(StageError, match=r"--name gives '2024', which YAML takes for something else than a name; .*--name data_2024"):
        new.main([file, "--name", "2024"])


@pytest.mark.parametrize(("file", "name"), [("Rückgaben 2024.csv", "ruckgaben_2024"), ("ｱ１ -- déjà-vu!.csv", "1_deja_vu")])
def test_the_data_set_has_the_name_of_its_file(file: str, name: str) -> None:
    new.main([str(write(tickets(), Path(file)))])
    assert list(params.load(paths.PARAMS).datasets) == [name]


def test_a_file_whose_name_cannot_be_that_of_a_data_set_is_asked_for_another() -> None:
    with pytest.raises(StageError, match=r"新闻\.csv: its name has none of the letters and digits .*; name it: --name"):
        new.main([str(write(tickets(), Path("新闻.csv")))])


def test_the_folder_of_another_data_set_is_left_alone() -> None:
    paths.raw("tickets").mkdir(parents=True)
    (paths.raw("tickets") / "other.csv").write_text("x")
    with pytest.raises(StageError, match=r"data/raw/tickets holds another data set; choose a name for this one \(--name\)"):
        new.main([str(write(tickets(), Path("tickets.csv")))])
    with pytest.raises(StageError, match="--name gives 'raw', which cannot name a data set"):
        new.main(["tickets.csv", "--name", "raw"])


def test_the_same_file_mended_replaces_its_copy_and_the_card_that_nobody_wrote() -> None:
    rows = tickets()
    rows[0]["Nachricht"] = ""
    new.main([str(write(rows, Path("tickets.csv")))])
    card = paths.raw("tickets") / "README.md"
    assert "1 rows have no text" in card.read_text(encoding="utf-8")
    mended = [str(write(tickets(), Path("tickets.csv")))]
    with pytest.raises(StageError, match=r"holds another tickets\.csv; .* or --force to put it there, as for the same rows, mended"):
        new.main(mended)
    new.main([*mended, "--force"])
    assert "rows have no text" not in card.read_text(encoding="utf-8")
    card.write_text(card.read_text(encoding="utf-8") + "Licence: ours.\n", encoding="utf-8")
    new.main([*mended, "--force"])
    assert card.read_text(encoding="utf-8").endswith("Licence: ours.\n")


def test_a_column_without_a_label_is_one_error() -> None:
    with pytest.raises(StageError, match="the column 'notes' has 0 classes, and two are needed"):
        new.main([str(write([{**row, "notes": ""} for row in tickets()], Path("tickets.csv"))), "--label", "notes"])


@pytest.mark.parametrize("value", ["plain", "yes", "2024", "12:30", "a: b", "{subject}\n{body}", ";", "\t", "标题", "", None, 0.1, {}])
@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
def test_a_value_comes_back_from_yaml_of_either_version(value: object, version: tuple[int, int]) -> None:
    text = edited("key: 1  # kept\n", lambda content: content.update(key=value, names={str(value): value}))
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    content = yaml.load(text)
    assert content["key"] == value and content["names"] == {str(value): value} and text.count("# kept") == 1
