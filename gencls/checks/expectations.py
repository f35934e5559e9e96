"""The checks, each an expectation on a frame of `frames.py`, the sentence it stands for, and what to say where it is broken."""

from dataclasses import dataclass

import pandas as pd
from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from gencls.checks.frames import BYTES_PER_TOKEN, COLUMNS
from gencls.params import Severity, Split, Validate


@dataclass(frozen=True)
class Check:
    """One expectation.

    `finds` is a template over `n` (what broke it, counted), `texts` (how many distinct ones these rows have) and `labels` (their names).
    `key` names the switch of its severity in params.yaml. `contrast` names two columns: examples that agree in the first stand side by side
    and differ in the second, so that of a text in two splits one row of each is shown.
    """

    name: str
    expectation: Expectation
    expects: str
    finds: str
    severity: Severity = "error"
    key: str | None = None
    contrast: tuple[str, str] | None = None


def of_structure(split: Split, frame: pd.DataFrame) -> list[Check]:
    """Columns are there, rows are there."""
    found = _escaped(", ".join(map(str, frame.columns)) or "none")
    columns = [
        Check(
            "missing_column",
            gxe.ExpectColumnToExist(column=column),
            f"there is a column {column}",
            f"{split} has no column {column!r}; its columns: {found}",
        )
        for column in COLUMNS
    ]
    rows = Check("empty_split", gxe.ExpectTableRowCountToBeBetween(min_value=1), "there are rows", f"{split} has no rows")
    return [*columns, rows]


def of_cells(split: Split) -> list[Check]:
    """No id, text or label is null; no text or label is blank."""
    nulls = [
        Check(
            f"null_{column}",
            gxe.ExpectColumnValuesToNotBeNull(column=column),
            f"every row has a {column}" if column != "id" else "every row has an id",
            f"{{n}} of {split} without a {column}" if column != "id" else f"{{n}} of {split} without an id",
        )
        for column in COLUMNS
    ]
    return [
        *nulls,
        Check(
            "empty_text",
            gxe.ExpectColumnValueLengthsToBeBetween(column="stripped", min_value=1),
            "no text is blank",
            f"{{n}} of {split} with a text that is empty or nothing but white space",
        ),
        Check(
            "empty_label",
            gxe.ExpectColumnValuesToMatchRegex(column="label", regex=r"\S"),
            "no label is blank",
            f"{{n}} of {split} with a label that is empty or nothing but white space",
        ),
    ]


def of_texts(split: Split, known: list[str], rules: Validate, max_length: int) -> list[Check]:
    """Labels of one split are known; its rows are not copies; its texts can be read. `known` are the labels it may have."""
    where = "the label set (labels.json)" if split == "train" else "the training rows"
    return [
        Check(
            "unknown_label",
            gxe.ExpectColumnValuesToBeInSet(column="label", value_set=known),
            "every label is known: in train from the label set, elsewhere from the training rows",
            f"{{n}} of {split} with a label that is not among those of {where}: {{labels}}",
        ),
        Check(
            "duplicate",
            gxe.ExpectColumnValuesToBeBetween(column="copies", max_value=1),
            "no row has the text and the label of another row",
            f"{{n}} of {split} with the text and the label of another row of it ({{texts}})",
            rules.duplicate,
            "validate.duplicate",
            ("stripped", "row"),
        ),
        Check(
            "too_long",
            gxe.ExpectColumnValuesToBeBetween(column="tokens", max_value=max_length),
            f"no text has more than an estimated {max_length} tokens (model.max_length)",
            f"{{n}} of {split} with more than model.max_length = {max_length} tokens (estimated: {BYTES_PER_TOKEN} bytes of UTF-8 each, "
            f"the prompt not counted); such texts lose their middle",
            rules.too_long,
            "validate.too_long",
        ),
    ]


def of_union(rules: Validate) -> list[Check]:
    """What holds between the splits."""
    return [
        Check(
            "duplicate_id",
            gxe.ExpectColumnValuesToBeUnique(column="id"),
            "no id occurs twice",
            "{n} with the id of another row",
            contrast=("id", "row"),
        ),
        Check(
            "leak",
            gxe.ExpectColumnValuesToBeBetween(column="splits", max_value=1),
            "no text occurs in two splits",
            "{n} with the text of a row in another split ({texts})",
            rules.leak,
            "validate.leak",
            ("stripped", "split"),
        ),
        Check(
            "near_leak",
            gxe.ExpectColumnValuesToBeBetween(column="near_splits", max_value=1),
            "no text occurs in two splits with other case, punctuation or white space",
            "{n} with the text of a row in another split but for case, punctuation and white space",
            rules.near_leak,
            "validate.near_leak",
            ("plain", "split"),
        ),
        Check(
            "conflict",
            gxe.ExpectColumnValuesToBeBetween(column="labels", max_value=1),
            "no text has two labels",
            "{n} with the text of a row that has another label ({texts})",
            rules.conflict,
            "validate.conflict",
            ("stripped", "label"),
        ),
    ]


def of_classes(rules: Validate) -> list[Check]:
    """What holds for the training rows of a class."""
    limit = f"{rules.max_imbalance:g}"
    return [
        Check(
            "missing_class",
            gxe.ExpectColumnValuesToBeBetween(column="train_rows", min_value=1),
            "every class has a training row",
            "{n} of the label set without a training row: {labels}",
            rules.missing_class,
            "validate.missing_class",
        ),
        Check(
            "single_row",
            gxe.ExpectColumnValuesToNotBeInSet(column="train_rows", value_set=[1]),
            "no class has a single training row",
            "{n} with a single training row: {labels}",
            rules.single_row,
            "validate.single_row",
        ),
        Check(
            "imbalance",
            gxe.ExpectColumnValuesToBeBetween(column="ratio", max_value=rules.max_imbalance),
            f"no class is more than {limit} times smaller than the largest (validate.max_imbalance)",
            f"{{n}} more than validate.max_imbalance = {limit} times smaller than the largest: {{labels}}",
            rules.imbalance,
            "validate.imbalance",
        ),
    ]


def _escaped(text: str) -> str:
    """Safe inside a template."""
    return text.replace("{", "{{").replace("}", "}}")
