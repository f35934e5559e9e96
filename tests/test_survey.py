"""What `make new` sees in rows: which column is which, scripts, doubtful texts and labels."""

from typing import Any

import pandas as pd
import pytest

from gencls.start import columns, survey
from gencls.start.columns import ColumnError


def columns_of(**cells: list[Any]) -> list[columns.Column]:
    return columns.columns([dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)])


SUBJECTS = [f"question number {i}" for i in range(30)]
BODIES = [f"please help me with order {i}" for i in range(30)]
CLASSES = ["a", "b", "c"] * 10


def test_what_cannot_be_decided_is_one_error_that_lists_the_candidates() -> None:
    with pytest.raises(ColumnError, match=r"2 columns have classes; name one: --label:\n  'priority' \(3 different.*'a'\)\n  'state'"):
        columns.label_column(columns_of(say=BODIES, priority=CLASSES, state=CLASSES[1:] + CLASSES[:1]), "say")
    with pytest.raises(ColumnError, match=r"2 columns read like text; .*--text '\{second\} \{first\}'"):
        columns.text_column(columns_of(first=SUBJECTS, second=BODIES))
    with pytest.raises(ColumnError, match="no column reads like text; name it: --text"):
        columns.text_column(columns_of(number=list(range(30)), kind=CLASSES))


def test_a_name_a_length_or_a_code_decides_and_is_a_doubt_where_it_is_thin() -> None:
    assert columns.text_column(columns_of(subject=SUBJECTS, message=BODIES)) == (
        "message",
        ["'subject' could be text too; 'message' was taken for its name. If that is wrong: --text"],
    )
    assert columns.text_column(columns_of(who=[f"Jo Doe{i}" for i in range(30)], x=BODIES))[0] == "x"
    assert columns.label_column(columns_of(x=BODIES, code=["1", "2", "3"] * 10, name=CLASSES), "x") == ("name", [])
    assert columns.label_column(columns_of(x=BODIES, y=["0.0", "1.0", ""] * 10, price=["1.0", "2.5", "3.0"] * 10), "x") == ("y", [])
    assert columns.label_column(columns_of(x=BODIES, priority=CLASSES[::-1], queue=["q", "r"] * 15), "x")[0] == "queue"


def test_a_column_that_names_splits_is_no_label_and_is_said_not_to_be_kept() -> None:
    found = columns_of(x=BODIES, split=["train", "train", "Test"] * 10, group=CLASSES)
    assert columns.label_column(found, "x") == ("group", [])
    (doubt,) = columns.split_column(found)
    assert doubt.startswith("'split' names splits, which are not kept: all rows are split anew")


def test_scripts_are_told_apart() -> None:
    assert [
        survey.script(text) for text in ("plain text", "Größe und être", "股票上涨 A股", "注文した商品がまだ届きません", "где мой заказ")
    ] == [
        "en",
        "en",
        "zh",
        "other",
        "other",
    ]


def test_doubtful_rows_are_named() -> None:
    texts = ["a b", "a b", "c d", "C D!", "e f", None]
    doubts = survey.survey(pd.DataFrame({"text": texts, "label": ["x", "x", "X", "y", "z", "z"]}, dtype="str")).doubts
    for part in (
        "1 rows have no text",
        "1 rows repeat the text of another",
        "1 rows repeat another but for case",
        "one class or several? 'X', 'x'",
        "2 classes have a single row",
    ):
        assert any(part in doubt for doubt in doubts), part


def test_doubtful_labels_are_named() -> None:
    labels = ["billing"] * 70 + ["login"] * 60 + ["Log in"] * 2 + ["billing, login"] * 3
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(135)], "label": labels}, dtype="str")
    doubts = survey.survey(frame).doubts
    assert doubts == [
        "the largest class has more than 20 times the rows of the smallest: look at macro-F1; sft.class_weights: balanced",
        "one class or several? 'Log in', 'login': labels in params.yaml gives them one name",
        "1 labels look like several, and are classes of their own here: billing, login",
    ]
    ratings = survey.survey(frame.assign(label=["-1", "1", "C", "C++", "C#"] * 27)).doubts
    assert not any("one class or several" in doubt for doubt in ratings)
    numbers = survey.survey(frame.assign(label=["0.0", "1.0", "2.0"] * 45)).doubts
    assert numbers == [
        "the labels are numbers, from which a model learns less than from names: "
        'labels: {"0.0": …, "1.0": …, "2.0": …} in params.yaml gives some'
    ]
