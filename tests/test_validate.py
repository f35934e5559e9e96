import json
from pathlib import Path

import pandas as pd
import pytest

from gencls import params
from gencls.checks import Finding, Validation, validate
from gencls.checks.page import render, verdict
from gencls.params import SPLITS, Params, Severity, Split, Validate
from tasks import paths, stage
from tasks.validate import main

LABELS = ["a", "b"]
Frames = dict[Split, pd.DataFrame]


def clean() -> Frames:
    """Two rows per class and split, every text different."""
    return {
        split: pd.DataFrame(
            {"id": [f"{split}-{i:05d}" for i in range(4)], "text": [f"{split} text {i}" for i in range(4)], "label": ["a", "a", "b", "b"]}
        )
        for split in SPLITS
    }


def broken(split: Split, row: int, **cells: str | None) -> Frames:
    """Clean frames with some cells of one row replaced."""
    frames = clean()
    for column, value in cells.items():
        frames[split].loc[row, column] = value
    return frames


def check(frames: Frames, labels: list[str] = LABELS, max_length: int = 64, **rules: object) -> Validation:
    return validate(frames, labels, rules=Validate.model_validate(rules), max_length=max_length)


def only(validation: Validation) -> Finding:
    assert len(validation.findings) == 1, validation.findings
    return validation.findings[0]


def ids(finding: Finding) -> list[str | None]:
    return [example["id"] for example in finding.examples]


def test_clean_data_pass_every_expectation() -> None:
    validation = check(clean())
    assert validation.findings == []
    assert all(expected.passed for expected in validation.expectations)
    record = validation.record("toy")
    assert record["ok"] and record["rows"] == {"train": 4, "validation": 4, "test": 4}
    assert record["labels"]["test"] == {"a": 2, "b": 2}
    assert record["lengths"]["train"] == {"median": 12, "p95": 12, "max": 12}
    assert record["expectations"] == len(validation.expectations) == 43


@pytest.mark.parametrize("column", ["id", "text", "label"])
def test_missing_column_is_an_error_that_names_it_and_those_there_are(column: str) -> None:
    frames = clean()
    frames["test"] = frames["test"].rename(columns={column: "{other}"})
    finding = only(check(frames))
    assert (finding.check, finding.severity, finding.split, finding.key) == ("missing_column", "error", "test", None)
    assert f"test has no column '{column}'" in finding.message and "{other}" in finding.message


def test_all_missing_columns_and_empty_splits_are_reported_at_once() -> None:
    frames = clean() | {"test": pd.DataFrame({"sentence": []})}
    found = [(finding.check, finding.split) for finding in check(frames).errors]
    assert found == [("missing_column", "test")] * 3 + [("empty_split", "test")]


@pytest.mark.parametrize("split", SPLITS)
def test_empty_split_is_an_error(split: Split) -> None:
    frames = clean()
    frames[split] = frames[split].iloc[:0]
    finding = only(check(frames))
    assert (finding.check, finding.severity, finding.message) == ("empty_split", "error", f"{split} has no rows")


def test_null_text_is_an_error_that_names_the_row() -> None:
    finding = only(check(broken("test", 1, text=None)))
    assert (finding.check, finding.severity, finding.split, finding.count) == ("null_text", "error", "test", 1)
    assert str(finding) == "null_text: 1 row of test without a text: test-00001"
    assert finding.examples == [{"split": "test", "id": "test-00001", "text": None, "label": "a"}]


@pytest.mark.parametrize("text", ["", "  \n\t", "\u3000\u00a0"])
def test_blank_text_is_an_error_that_names_the_row(text: str) -> None:
    finding = only(check(broken("train", 3, text=text)))
    assert (finding.check, finding.severity, ids(finding)) == ("empty_text", "error", ["train-00003"])


def test_two_blank_texts_are_no_duplicate_and_no_leak() -> None:
    frames = broken("train", 0, text="")
    frames["train"].loc[1, "text"] = " "
    frames["test"].loc[1, "text"] = None
    assert {finding.check for finding in check(frames).findings} == {"empty_text", "null_text"}


def test_split_whose_texts_are_all_null_is_an_error() -> None:
    frames = clean()
    frames["validation"]["text"] = None
    finding = only(check(frames))
    assert (finding.check, finding.split, finding.count) == ("null_text", "validation", 4)


def test_null_label_is_an_error_that_names_the_row() -> None:
    finding = only(check(broken("validation", 2, label=None)))
    assert (finding.check, finding.severity, ids(finding)) == ("null_label", "error", ["validation-00002"])


def test_blank_label_is_an_error() -> None:
    found = {finding.check: finding for finding in check(broken("test", 2, label=" ")).errors}
    assert ids(found["empty_label"]) == ["test-00002"]


def test_null_id_is_an_error_that_shows_the_text() -> None:
    assert str(only(check(broken("test", 0, id=None)))) == "null_id: 1 row of test without an id: 'test text 0'"


@pytest.mark.parametrize("split", ["validation", "test"])
def test_label_that_no_training_row_has_is_an_error(split: Split) -> None:
    finding = only(check(broken(split, 0, label="new"), LABELS))
    assert (finding.check, finding.severity, finding.key) == ("unknown_label", "error", None)
    assert "'new'" in finding.message and ids(finding) == [f"{split}-00000"]


def test_training_label_outside_the_label_set_is_an_error() -> None:
    finding = only(check(clean(), ["a"]))
    assert (finding.check, finding.split, finding.count) == ("unknown_label", "train", 2)


def test_id_that_occurs_twice_is_an_error_even_between_splits() -> None:
    finding = only(check(broken("test", 0, id="train-00000")))
    assert (finding.check, finding.severity, finding.key) == ("duplicate_id", "error", None)
    assert [(example["split"], example["id"]) for example in finding.examples] == [("train", "train-00000"), ("test", "train-00000")]


def test_text_in_two_splits_is_a_leak_whatever_the_white_space_around_it() -> None:
    finding = only(check(broken("test", 1, text=" train text 0\n")))
    assert (finding.check, finding.severity, finding.split, finding.count) == ("leak", "error", None, 2)
    assert ids(finding) == ["train-00000", "test-00001"]
    assert "validate.leak: warning" in str(finding)


def test_a_text_in_two_splits_but_for_case_and_punctuation_is_nearly_a_leak() -> None:
    finding = only(check(broken("test", 1, text="Train:  TEXT_0!")))
    assert (finding.check, finding.severity, finding.key) == ("near_leak", "warning", "validate.near_leak")
    assert ids(finding) == ["train-00000", "test-00001"]
    frames = broken("test", 0, text="!!")
    frames["train"].loc[0, "text"] = "?!"
    assert check(frames).findings == [], "where there is nothing but punctuation it is the text"


def test_examples_of_a_leak_show_both_sides_of_a_text_that_training_repeats() -> None:
    frames = clean()
    frames["train"] = pd.concat([frames["train"], pd.DataFrame({"id": [f"train-1{i}" for i in range(9)], "text": "same", "label": "a"})])
    frames["test"].loc[0, "text"] = "same"
    leak = check(frames).errors[0]
    assert leak.count == 10 and ids(leak) == ["train-10", "test-00000"]


def test_text_with_two_labels_is_a_conflict() -> None:
    finding = only(check(broken("train", 3, text="train text 0")))
    assert (finding.check, finding.severity, finding.key) == ("conflict", "warning", "validate.conflict")
    assert ids(finding) == ["train-00000", "train-00003"] and "(1 text)" in finding.message


def test_row_repeated_with_its_label_is_a_duplicate() -> None:
    finding = only(check(broken("train", 1, text="train text 0 ")))
    assert (finding.check, finding.severity, finding.split, finding.key) == ("duplicate", "warning", "train", "validate.duplicate")
    assert ids(finding) == ["train-00000", "train-00001"]


def test_class_with_one_training_row_is_named_with_that_row() -> None:
    finding = only(check(broken("train", 3, label="a")))
    assert (finding.check, finding.severity, finding.key) == ("single_row", "error", "validate.single_row")
    assert "'b'" in finding.message and ids(finding) == ["train-00002"]


def test_label_without_a_training_row_is_named() -> None:
    finding = only(check(clean(), [*LABELS, "{never}"]))
    assert (finding.check, finding.severity, finding.key) == ("missing_class", "error", "validate.missing_class")
    assert finding.message == "1 class of the label set without a training row: '{never}'"


def test_text_beyond_the_model_is_found_by_an_estimate_that_is_stated() -> None:
    limit = "x" * 4 * 64
    assert check(broken("test", 0, text=limit)).findings == []
    finding = only(check(broken("test", 0, text=limit + "x")))
    assert (finding.check, finding.severity, finding.key) == ("too_long", "warning", "validate.too_long")
    assert "model.max_length = 64" in finding.message and "estimated" in finding.message and "middle" in finding.message
    assert len(str(finding.examples[0]["text"])) < 200
    assert only(check(broken("test", 0, text="长" * 86))).check == "too_long"


def test_imbalance_beyond_the_limit_names_the_small_class() -> None:
    frames = clean()
    more = pd.DataFrame({"id": [f"more-{i}" for i in range(5)], "text": [f"more {i}" for i in range(5)], "label": "a"})
    frames["train"] = pd.concat([frames["train"], more])
    assert check(frames, max_imbalance=3.5).findings == []
    finding = only(check(frames, max_imbalance=3.4))
    assert (finding.check, finding.severity, finding.key) == ("imbalance", "warning", "validate.imbalance")
    assert "validate.max_imbalance = 3.4" in finding.message and "'b'" in finding.message


SWITCHED: dict[str, Frames] = {
    "leak": broken("test", 1, text="train text 0"),
    "near_leak": broken("test", 1, text="Train text 0."),
    "conflict": broken("train", 3, text="train text 0"),
    "duplicate": broken("train", 1, text="train text 0"),
    "single_row": broken("train", 3, label="a"),
    "too_long": broken("test", 0, text="x" * 400),
}


@pytest.mark.parametrize("severity", ["error", "warning"])
@pytest.mark.parametrize("name", SWITCHED)
def test_the_named_key_switches_between_error_and_warning(name: str, severity: Severity) -> None:
    validation = check(SWITCHED[name], **{name: severity})
    finding = only(validation)
    assert (finding.check, finding.severity, finding.key) == (name, severity, f"validate.{name}")
    assert validation.record("toy")["ok"] == (severity == "warning")


def test_errors_come_before_warnings_and_at_most_five_rows_are_shown() -> None:
    frames = broken("test", 0, text=None)
    frames["train"] = pd.concat([frames["train"], pd.DataFrame({"id": [f"t{i}" for i in range(7)], "text": "same", "label": "a"})])
    validation = check(frames)
    assert [finding.check for finding in validation.findings] == ["null_text", "duplicate"]
    duplicate = validation.warnings[0]
    assert duplicate.count == 7 and len(duplicate.examples) == 5 and str(duplicate).endswith("t4, …")


def test_same_data_give_the_same_bytes() -> None:
    first, second = (check(SWITCHED["leak"], conflict="error") for _ in range(2))
    assert json.dumps(first.record("toy")) == json.dumps(second.record("toy"))
    assert render(first, "toy") == render(second, "toy")


def test_page_escapes_everything_from_the_data() -> None:
    evil = "<script>alert(1)</script>"
    frames = broken("test", 0, text=evil, label=evil, id=evil)
    frames["train"].loc[0, "text"] = evil
    page = render(check(frames, [*LABELS, "<b>"]), "toy")
    assert "<script" not in page and "<b>&lt;" not in page and "<b><" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_page_needs_nothing_from_elsewhere() -> None:
    page = render(check(clean()), "toy")
    assert "http" not in page and "<script" not in page and "@import" not in page and "prefers-color-scheme" in page


def test_page_of_data_without_columns_can_be_made() -> None:
    validation = check(dict.fromkeys(SPLITS, pd.DataFrame()))
    assert "the other checks did not run" in render(validation, "toy")
    assert validation.record("toy")["lengths"]["test"] == {"median": 0, "p95": 0, "max": 0}


def test_verdict_says_whether_the_data_can_be_used() -> None:
    assert verdict(check(clean()), "toy") == "toy can be used: nothing was found."
    assert verdict(check(SWITCHED["duplicate"]), "toy") == "toy can be used, with 1 warning to know about."
    assert verdict(check(SWITCHED["leak"]), "toy") == "toy cannot be used yet: 1 error to mend first."


def project(root: Path, frames: Frames, **rules: str) -> Params:
    folder = root / "data/toy"
    folder.mkdir(parents=True)
    for split, frame in frames.items():
        frame.to_parquet(folder / f"{split}.parquet")
    (folder / "labels.json").write_text(json.dumps({"language": "en", "labels": LABELS, "definitions": {}}))
    return params.parse({"datasets": {"toy": {"source": "builtin"}}, "strategies": {"zero_shot": {}}, "grid": GRID, "validate": rules})


GRID = {"train": ["zero_shot"], "infer": ["zero_shot"]}


def test_stage_with_an_error_fails_but_leaves_its_findings_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = project(tmp_path, SWITCHED["leak"])
    with pytest.raises(stage.StageError, match=r"leak: 2 rows .*train-00000, test-00001.*validate\.leak") as failure:
        main(settings, "toy")
    assert str(paths.validation_page("toy")) in str(failure.value)
    assert json.loads(paths.validation_json("toy").read_text())["findings"][0]["check"] == "leak"
    assert "cannot be used yet" in paths.validation_page("toy").read_text()
    assert not paths.validated("toy").exists()


def test_stage_passes_with_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    main(project(tmp_path, SWITCHED["leak"], leak="warning"), "toy")
    assert "warning leak" in capsys.readouterr().out
    record = json.loads(paths.validation_json("toy").read_text())
    assert record["ok"] and record["data_set"] == "toy"
    assert paths.validated("toy").read_bytes() == b"", "the same whatever was found"
    assert {file.name for file in tmp_path.iterdir()} == {"data", "reports", ".gencls"}, "Great Expectations leaves no files"
