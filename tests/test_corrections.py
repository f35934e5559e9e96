"""Corrected labels: the csv as spreadsheets save it, what ingest refuses, and what true corrections are worth."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gencls import corrections
from gencls.baselines import Rows, tfidf_logreg
from gencls.corrections import CorrectionError
from gencls.metrics import correct
from gencls.params import Params, parse
from tasks import baseline, ingest, mine, neighbours, paths

HEADER = "id,label,new_label,drop,who,why"
FILE = Path("data/corrections/ds.csv")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    FILE.parent.mkdir(parents=True)
    return tmp_path


def rows() -> pd.DataFrame:
    labels = ["001", "b", "1.50", "b", None]
    return pd.DataFrame({"id": [f"train-{i:05}" for i in range(5)], "text": list("vwxyz"), "label": labels}, dtype="str")


def corrected(*lines: str) -> tuple[list[str | None], pd.DataFrame]:
    """Labels of the training rows as corrected, and what was corrected."""
    FILE.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    train, made = corrections.apply(rows(), corrections.read(FILE), ["001", "1.50", "b"], FILE)
    return train["label"].astype(object).tolist(), made


def test_labels_are_changed_and_rows_dropped_and_the_others_keep_ids_and_labels() -> None:
    FILE.write_text(f"{HEADER}\ntrain-00001,b,001,,,\ntrain-00002,1.50,,x,,\ntrain-00003,b,,,me,not decided yet\ntrain-00004,,b,,,\n")
    train, made = corrections.apply(rows(), corrections.read(FILE), ["001", "1.50", "b"], FILE)
    assert list(zip(train["id"], train["label"], strict=True)) == [
        ("train-00000", "001"),
        ("train-00001", "001"),
        ("train-00003", "b"),
        ("train-00004", "b"),
    ]
    assert corrections.count(made) == {"changed": 2, "dropped": 1, "confirmed": 0}
    pd.testing.assert_frame_equal(corrections.undone(train, made), rows())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_spreadsheet_may_save_it_its_own_way(delimiter: str, end: str, encoding: str) -> None:
    table = [
        ["ID", "text", "label", "new_label", "drop"],
        ["train-00000", '"a, b; c"', "001", " 1.50 ", ""],
        ["train-00002", "", "1.50", "", "X"],
    ]
    FILE.write_bytes(end.join(delimiter.join(row) for row in table).encode(encoding))
    found = [(c.line, c.id, c.label, c.new_label) for c in corrections.read(FILE)]
    assert found == [(2, "train-00000", "001", "1.50"), (3, "train-00002", "1.50", None)]


def test_the_csv_of_the_page_changes_nothing_until_something_is_decided() -> None:
    marked = rows().dropna().assign(suggested="b", confidence=0.1, text=["two\nlines", "=1+1", 'said "no"', "plain"])
    corrections.write(marked, FILE)
    assert corrections.read(FILE) == []


def test_what_was_decided_stands_in_the_next_csv_with_the_label_of_the_source() -> None:
    _, made = corrected("train-00001,b,001,,me,why not", "train-00002,1.50,,x,,", "train-00003,b,b,,,")
    marked = pd.DataFrame({"id": ["train-00001", "train-00000"], "text": ["w", "v"], "label": "001", "suggested": "b", "confidence": 0.1})
    before = [replace(c, line=0, text="") for c in corrections.read(FILE)]
    corrections.write(marked, FILE, made)
    assert [replace(c, line=0, text="") for c in corrections.read(FILE)] == before
    assert list(pd.read_csv(FILE)["id"]) == ["train-00000", "train-00001", "train-00002", "train-00003"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("train-00001,c,001,,,", "line 2: row 'train-00001': expected its label to be 'c', found 'b'; either the cell was changed, or"),
        ("train-00000,1,b,,,", "row 'train-00000': expected its label to be '1', found '001'"),
        ("train-00004,b,001,,,", "expected its label to be 'b', found ''"),
        ("train-00001,b,B,,,", "the new label 'B' is not in the label set; choices: 001, 1.50, b"),
        ("train-00001,b,001,x,,", "has both a new label, '001', and drop, 'x'"),
        ("train-00001,b,,maybe,,", "drop is 'maybe'; choices: x, yes, true, 1, nothing, no, false, 0"),
        ("train-00009,b,001,,,", "no such training row; they are train-00000 to train-00004"),
        ("test-00001,b,001,,,", "only training rows may be corrected; a yardstick"),
        ("train-00001,b,001,,,\ntrain-00001,b,1.50,,,", "line 3: row 'train-00001' was decided in line 2 already"),
        ("train-00001,b,001,,me,this, and that", "line 2: 7 cells, the header has 6; is a cell not quoted?"),
        ('train-00001,b,001,,,"open', "is a double quote not closed"),
    ],
)
def test_a_correction_that_does_not_fit_is_one_error_that_names_file_line_and_row(line: str, expected: str) -> None:
    with pytest.raises(CorrectionError) as caught:
        corrected(line)
    assert str(FILE) in str(caught.value) and expected in str(caught.value)


def test_another_text_than_the_person_saw_is_an_error() -> None:
    FILE.write_text("id,text,label,new_label\ntrain-00001,' w ,b,001\n")
    train = rows().assign(text=["=1+1", "' w", "x", "y", "z"])
    assert corrections.apply(train, corrections.read(FILE), ["001", "b"], FILE)[0]["label"].iloc[1] == "001"
    with pytest.raises(
        CorrectionError, match=r"line 2: row 'train-00001': expected its text to be \"' w\", found 'w'; .*an empty cell is not"
    ):
        corrections.apply(rows(), corrections.read(FILE), ["001", "b"], FILE)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"id,new_label\n", "line 1: no column 'label'; found: id, new_label; needed: id, label, new_label"),
        (b"id,label,new_label,droop\n", "unknown column 'droop'"),
        (b"id,label,new_label,label\n", "two columns 'label'"),
        (b"", "no column 'id'"),
        (b"id,label,new_label\ntrain-00001,caf\xe9,b\n", "line 2: byte 0xe9 is not UTF-8; save it as `CSV UTF-8`"),
    ],
)
def test_a_file_that_is_no_such_csv_is_one_error(content: bytes, expected: str) -> None:
    FILE.write_bytes(content)
    with pytest.raises(CorrectionError) as caught:
        corrections.read(FILE)
    assert str(FILE) in str(caught.value) and expected in str(caught.value)


def test_the_line_of_a_row_is_where_it_begins() -> None:
    FILE.write_text('id,text,label,new_label\ntrain-00000,"two\nlines",001,b\ntrain-00001,"two\nlines",b,b\n')
    assert [c.line for c in corrections.read(FILE)] == [2, 4]


def settings() -> Params:
    intents = {"source": "builtin", "rows": {"train": 600, "validation": 300, "test": 200}, "noise": 0.2}
    return parse(
        {"datasets": {"ds": intents}, "strategies": {"zero_shot": {}, "similar_3": {"shots": 3}}, "mine": {"fraction": 0.3, "folds": 3}}
    )


def validation_accuracy() -> float:
    """Of the cheap model, with what stands in data/ds."""
    train, validation = (pd.read_parquet(paths.data("ds") / f"{split}.parquet") for split in ("train", "validation"))
    held = (list(validation["text"]), list(validation["label"]))
    labels = json.loads((paths.data("ds") / "labels.json").read_text())["labels"]
    answers = tfidf_logreg(Rows(list(train["text"]), list(train["label"]), *held, held[0], [], labels, "en", 7))
    return sum(correct(a, b) for a, b in zip(answers.predicted, held[1], strict=True)) / len(held[1])


def test_true_corrections_of_the_mined_rows_raise_validation_accuracy_and_the_report_can_say_so() -> None:
    ingest.main(settings(), "ds")
    uncorrected = pd.read_parquet(paths.data("ds") / "train.parquet")
    before = validation_accuracy()
    mine.main(settings(), "ds")
    sheet = pd.read_csv(paths.mining_csv("ds"), dtype=str, keep_default_na=False)
    truth = dict(zip(uncorrected["id"], uncorrected["clean_label"], strict=True))
    sheet["new_label"] = [truth[row.id] if truth[row.id] != row.label else "" for row in sheet.itertuples()]
    sheet.to_csv(FILE, index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")

    ingest.main(settings(), "ds")
    changed = int((sheet["new_label"] != "").sum())
    assert changed > 50
    assert validation_accuracy() > before + 0.01
    pd.testing.assert_frame_equal(
        corrections.undone(pd.read_parquet(paths.data("ds") / "train.parquet"), pd.read_parquet(paths.corrected("ds"))), uncorrected
    )

    neighbours.main(settings(), "ds")
    baseline.main(settings(), "ds")
    found = json.loads(paths.baseline_corrections("ds").read_text())
    assert (found["file"], found["changed"], found["dropped"]) == (str(FILE), changed, 0)
    difference = found["after"]["accuracy"] - found["before"]["accuracy"]
    assert found["paired"]["accuracy"]["difference"] == pytest.approx(difference, abs=2e-6)
