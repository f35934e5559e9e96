"""`gencls predict`: every format into every other, columns untouched, formulas defused, bad rows named, a killed run goes on."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import bundles
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import LABELS, rows

from gencls import Classifier
from gencls.errors import InputError
from gencls.params import Strategy
from gencls.predict.run import Job
from gencls.predict.run import run as predict
from gencls.predict.source import FileError, format_of, opened

TEXTS = [text for text, _ in rows(7, seed=3)]
NEW = ["predicted", "confidence", "abstained", *(f"p_{label}" for label in LABELS)]


def go(classifier: Classifier, source: Path, out: Path, **options: Any) -> None:
    with opened(str(source), None, None, "utf-8") as read:
        predict(classifier, Job(read, str(out), format_of(out, "--to"), **options))


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    frame = pd.DataFrame(records)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    text = path.read_bytes().decode()  # a lone carriage return is left as it is
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize("out", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("source", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_becomes_every_other_in_order(source: str, out: str, classifier: Classifier, tmp_path: Path) -> None:
    records = [{"id": str(i), "text": text, "note": 'a "b", c\nd'} for i, text in enumerate(TEXTS)]
    made = write(tmp_path / f"in.{source}", records)
    go(classifier, made, tmp_path / f"out.{out}")
    found = read(tmp_path / f"out.{out}")
    assert list(found[0]) == ["id", "text", "note", *NEW]
    assert [{key: row[key] for key in ("id", "text", "note")} for row in found] == records
    assert [row["predicted"] for row in found] == [prediction.label for prediction in classifier.predict(TEXTS)]
    assert all(abs(sum(float(row[f"p_{label}"]) for label in LABELS) - 1) < 1e-5 for row in found)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([f"in.{source}", f"out.{out}"]), "nothing else is left"


def test_other_columns_keep_their_types_and_values(classifier: Classifier, tmp_path: Path) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5)
    table = pa.table({"text": ["a", "b"], "n": pa.array([1, None], pa.int32()), "when": pa.array([when, None]), "tags": [["x"], []]})
    pq.write_table(table, tmp_path / "in.parquet")
    go(classifier, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").select(table.column_names).equals(table)
    go(classifier, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert [row["when"] for row in read(tmp_path / "out.csv")] == [str(when), ""]
    record = {"text": "a", "n": 10**30, "x": 0.1, "deep": {"y": [None, True]}, "é": "☃"}
    write(tmp_path / "in.jsonl", [record, {"text": "b", "late": 1}])
    go(classifier, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    first = read(tmp_path / "out.jsonl")[0]
    assert {key: first[key] for key in record} == record
    go(classifier, tmp_path / "in.jsonl", tmp_path / "out2.csv")
    assert [row["late"] for row in read(tmp_path / "out2.csv")] == ["", "1"]


def test_numbers_that_no_column_holds_exactly_become_text(classifier: Classifier, tmp_path: Path) -> None:
    long = 2**53 + 1
    source = write(tmp_path / "in.jsonl", [{"text": "a", "id": long, "n": long}, {"text": "b", "id": 1.5, "n": 3}])
    go(classifier, source, tmp_path / "out.parquet")
    assert [(row["id"], row["n"]) for row in read(tmp_path / "out.parquet")] == [(str(long), long), ("1.5", 3)]


def test_a_number_of_thousands_of_digits_is_a_row_that_cannot_be_read(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a", "n": ' + "9" * 5000 + "}\n")
    with pytest.raises(FileError, match=r"no rows that can be read; .*in.jsonl, line 1: not JSON: Exceeds the limit"):
        go(classifier, tmp_path / "in.jsonl", tmp_path / "out.csv")


def test_formulas_are_defused_in_csv_and_numbers_stay_numbers(
    classifier: Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-5", "+1.5e3", ".5", "a=1", ""]
    write(tmp_path / "in.jsonl", [{"text": cell} for cell in cells])
    go(classifier, tmp_path / "in.jsonl", tmp_path / "out.csv")
    assert [row["text"] for row in read(tmp_path / "out.csv")] == [f"'{cell}" for cell in cells[:6]] + cells[6:]
    assert "6 cells looked like formulas" in capsys.readouterr().err
    go(classifier, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert [row["text"] for row in read(tmp_path / "out.jsonl")] == cells


def test_a_lone_carriage_return_and_excels_mark_survive(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes('\ufeff"text";note\n"a\rb";"c;d"\n'.encode())
    with opened(str(tmp_path / "in.csv"), None, ";", "utf-8") as source:
        predict(classifier, Job(source, str(tmp_path / "out.csv"), "csv"))
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith("\ufefftext;note;predicted".encode()) and b'\n"a\rb";"c;d";' in content


def test_the_text_is_the_models_column_or_template_or_said_or_found(classifier: Classifier, base_folder: Path, tmp_path: Path) -> None:
    taught = Classifier.load(bundles.make(base_folder, tmp_path / "template", text="{a}\n{b}"), device="cpu")
    both = write(tmp_path / "in.jsonl", [{"a": "where", "b": "parcel", "message": "late"}, {"a": "money", "b": None, "message": "back"}])
    for loaded, said, texts in (
        (taught, None, ["where\nparcel", "money\n"]),
        (taught, "message", ["late", "back"]),
        (classifier, "{b}: {a}", ["parcel: where", ": money"]),
    ):
        go(loaded, both, tmp_path / "out.jsonl", text=said)
        expected = [round(prediction.confidence, 6) for prediction in loaded.predict(texts)]
        assert [row["confidence"] for row in read(tmp_path / "out.jsonl")] == expected
    go(classifier, write(tmp_path / "one.jsonl", [{"sentence": "late"}]), tmp_path / "out.jsonl")
    go(classifier, write(tmp_path / "two.jsonl", [{"Text": "late", "id": 1}]), tmp_path / "out.jsonl")
    with pytest.raises(
        InputError, match=r"the model reads 'text', which is not there; say with --text .*columns there: 'a', 'b', 'message'"
    ):
        go(classifier, both, tmp_path / "no.jsonl")
    with pytest.raises(InputError, match=r"no column 'c', which --text '\{c\}' needs"):
        go(classifier, both, tmp_path / "no.jsonl", text="{c}")


def test_a_line_break_is_typed_as_it_is_to_make_new(shell: Callable[..., None], classifier: Classifier, tmp_path: Path) -> None:
    shell(write(tmp_path / "in.jsonl", [{"a": "where", "b": "parcel"}]), tmp_path / "out.jsonl", "--text", "{a}\\n{b}")
    assert read(tmp_path / "out.jsonl")[0]["confidence"] == round(classifier.predict(["where\nparcel"])[0].confidence, 6)


BAD = b'id,text\n1,fine\n2,a,b\n3,\xff\n4,"open" quote\n5,also fine\n'


def test_unreadable_rows_are_named_before_anything_is_predicted(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(BAD)
    with pytest.raises(
        InputError, match=r"in\.csv, row 2 \(line 3\): 3 cells, the header has 2.*'2,a,b'; --skip FILE .*\(3 such rows of 5\)"
    ):
        go(classifier, tmp_path / "in.csv", tmp_path / "out.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_a_switch_puts_unreadable_rows_aside(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(BAD)
    go(classifier, tmp_path / "in.csv", tmp_path / "out.csv", skip=tmp_path / "bad.jsonl")
    assert [row["id"] for row in read(tmp_path / "out.csv")] == ["1", "5"]
    reasons = {row["place"].split(", ")[1]: row["reason"] for row in read(tmp_path / "bad.jsonl")}
    assert list(reasons) == ["row 2 (line 3)", "row 3 (line 4)", "row 4 (line 5)"]
    assert "byte 0xff is not of the encoding" in reasons["row 3 (line 4)"] and "double quote" in reasons["row 4 (line 5)"]
    lines = ['{"text": "fine"}', "{", "[1]", '{"text": "cut \\ud83d"}', '{"text": ["a"]}', '{"text": null}', '{"text": 7}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    go(classifier, tmp_path / "in.jsonl", tmp_path / "out.jsonl", skip=tmp_path / "bad.jsonl")
    assert [row["text"] for row in read(tmp_path / "out.jsonl")] == ["fine", None, 7]
    for row, reason in zip(
        read(tmp_path / "bad.jsonl"), ["not JSON", "one JSON object a line", "half a character", "column 'text': exp"], strict=True
    ):
        assert reason in row["reason"]


def test_a_double_quote_that_is_not_closed_costs_one_row(
    classifier: Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{i},parcel {i}" for i in range(1, 41)]
    rows[9], rows[29], rows[35] = '10,"late', '30,"lost', '36,"two\r\nlines"'
    (tmp_path / "in.csv").write_text("id,text\r\n" + "".join(f"{row}\r\n" for row in rows), newline="")
    go(classifier, tmp_path / "in.csv", tmp_path / "out.csv", skip=tmp_path / "bad.jsonl")
    kept = [str(i) for i in range(1, 41) if i not in (10, 30)]
    predicted = read(tmp_path / "out.csv")
    assert [row["id"] for row in predicted] == kept and predicted[33]["text"] == "two\r\nlines"
    aside = [(row["place"].split(", ")[1], row["content"]) for row in read(tmp_path / "bad.jsonl")]
    assert aside == [("row 10 (line 11)", '10,"late'), ("row 30 (line 31)", '30,"lost')]
    assert "no text" not in capsys.readouterr().err


def test_rows_without_a_text_are_counted(classifier: Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    go(classifier, write(tmp_path / "in.jsonl", [{"text": "where"}, {"text": " "}, {"text": None}]), tmp_path / "out.jsonl")
    assert "2 rows have no text" in capsys.readouterr().err


def test_strings_of_a_parquet_file_that_are_not_utf_8_are_one_error(classifier: Classifier, tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([b"a", b"\xff"]).view(pa.string())}), tmp_path / "in.parquet")
    with pytest.raises(FileError, match=r"in.parquet: strings of row 1 or after it are not UTF-8"):
        go(classifier, tmp_path / "in.parquet", tmp_path / "out.csv")


def test_nearest_rows_are_a_column_of_their_own(base_folder: Path, tmp_path: Path) -> None:
    similar = Classifier.load(bundles.make(base_folder, tmp_path / "similar", Strategy(shots=1, examples="similar")), device="cpu")
    source = write(tmp_path / "in.jsonl", [{"text": text} for text in TEXTS])
    for ending in ("jsonl", "parquet"):
        go(similar, source, tmp_path / f"out.{ending}")
        (nearest,) = read(tmp_path / f"out.{ending}")[0]["nearest"]
        assert set(nearest) == {"id", "text", "label", "similarity"} and nearest["label"] in LABELS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.csv", "out.xls"], "out.xls: cannot tell what '.xls' is; name it with --to, one of csv, tsv, jsonl, parquet"),
        (["no.csv", "out.csv"], "no.csv: no such file; in .: in.csv"),
        (["in.csv", "in.csv"], "in.csv is IN as well"),
        (["in.csv", "no/out.csv"], "no/out.csv: no such folder"),
        (["in.csv", "out.csv", "--skip", "out.csv"], "--skip: out.csv is OUT as well"),
        (["in.csv", "out.csv", "--delimiter", ";;"], "--delimiter: got ';;'; it is one character"),
        (["in.csv", "out.csv", "--encoding", "latin-99"], "--encoding: 'latin-99' is unknown"),
        (["in.csv", "out.csv", "--text", "{text"], "--text: the template '{text' is wrong"),
        (["in.csv", "out.csv", "--delimiter", ";"], "only one column, 'text,predicted', when split at ';'; --delimiter ',' splits it"),
        (["in.csv", "out.csv"], "in.csv has a column 'predicted' already, which is also the name of a new one; --prefix"),
    ],
)
def test_a_wrong_command_is_one_sentence(
    arguments: list[str], message: str, shell: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("text,predicted\na,b\n")
    with pytest.raises(SystemExit) as stopped:
        shell(*arguments)
    assert message in str(stopped.value) and "\n" not in str(stopped.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_prefix_renames_the_new_columns(shell: Callable[..., None], tmp_path: Path) -> None:
    write(tmp_path / "in.csv", [{"text": "late", "predicted": "x"}])
    shell(tmp_path / "in.csv", tmp_path / "out.csv", "--prefix", "model_")
    assert list(read(tmp_path / "out.csv")[0]) == ["text", "predicted", *(f"model_{name}" for name in NEW)]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_it_stands_in_a_pipe(form: str, bundle: Path, tmp_path: Path) -> None:
    path = write(tmp_path / f"in.{form}", [{"text": text, "id": i} for i, text in enumerate(TEXTS)])
    command = [sys.executable, "-m", "gencls", "predict", str(bundle), "-", "-", "--device", "cpu"]
    done = subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True)
    (tmp_path / f"out.{form}").write_bytes(done.stdout)
    assert [str(row["id"]) for row in read(tmp_path / f"out.{form}")] == [str(i) for i in range(len(TEXTS))]
    assert b"7 rows predicted" in done.stderr
