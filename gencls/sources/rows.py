"""What all sources share: records become a frame with columns text and label, and a frame has a digest."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

import pandas as pd

from gencls.errors import InputError, half_a_character, lone_surrogate
from gencls.params import Split, TableDataSet

Record = Mapping[str, object]
"""A row as its source has it: column → value. An absent column is a missing value."""


class SourceError(InputError):
    """The rows cannot be read; the message names the file, the row or the column, and what to do."""


class Unreachable(SourceError):
    """The rows lie elsewhere and could not be fetched."""


@dataclass(frozen=True)
class Template:
    """`spec.text`, parsed: literal text and the column that follows it, in turn. A plain column has no literals."""

    parts: list[tuple[str, str | None]]

    @property
    def columns(self) -> list[str]:
        """Columns that it needs."""
        return [column for _, column in self.parts if column is not None]

    def fill(self, cells: Mapping[str, str | None]) -> str:
        """Missing values become empty strings."""
        return "".join(literal + (cells[column] or "" if column is not None else "") for literal, column in self.parts)


def parse_template(text: str) -> Template | None:
    """None for the name of a plain column.

    Raises:
        SourceError: a brace is not closed, a field is not just the name of a column, or there is none.
    """
    if "{" not in text:
        return None
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise SourceError(f"text: the template {text!r} is wrong: {error}") from None
    for _, column, form, conversion in parts:
        if column == "" or form or conversion:
            raise SourceError(f"text: the template {text!r} is wrong: between braces stands the name of a column and nothing else")
    if all(column is None for _, column, _, _ in parts):
        raise SourceError(f"text: the template {text!r} is wrong: it names no column; write {{subject}}, not {{{{subject}}}}")
    return Template([(literal, column) for literal, column, _, _ in parts])


def typed(text: str) -> str:
    """A column or template as it was typed into a shell, where a line break is a backslash and an n."""
    return text.replace("\\n", "\n")


def required_columns(spec: TableDataSet) -> list[str]:
    """Columns of the source that `text` and `label` need, each once."""
    template = parse_template(spec.text)
    return list(dict.fromkeys([*(template.columns if template else [spec.text]), spec.label]))


def check_columns(spec: TableDataSet, present: Sequence[str], name: str) -> None:
    """Raise `SourceError` for the first required column that `name` (a file, a split) lacks."""
    for column in required_columns(spec):
        if column not in present:
            key = f"label: {spec.label}" if column == spec.label else f"text: {spec.text!r}"
            raise SourceError(f"{name}: no column {column!r}, which {key} needs; columns there: {', '.join(map(repr, present))}")


def to_frame(records: Sequence[Record], spec: TableDataSet, name: str) -> pd.DataFrame:
    """Columns text and label of the records of `name`, in order; what is missing, empty or nothing but white space is null, and
    labels have no blanks around them.

    Raises:
        SourceError: no rows, a column that no record has, or a cell that is not text.
    """
    if not records:
        raise SourceError(f"{name}: no rows")
    check_columns(spec, list(dict.fromkeys(column for record in records for column in record)), name)
    template, required = parse_template(spec.text), required_columns(spec)
    texts, labels = [], []
    for number, record in enumerate(records, start=1):
        cells = {column: cell(record.get(column), f"{name}, row {number}, column {column!r}") for column in required}
        texts.append(_unless_blank(template.fill(cells) if template else cells[spec.text]))
        labels.append(_unless_blank((cells[spec.label] or "").strip()))
    return pd.DataFrame({"text": texts, "label": labels}, dtype="str")


def _unless_blank(text: str | None) -> str | None:
    return text if text and not text.isspace() else None


def cell(value: object, place: str) -> str | None:
    """A value as text: numbers and booleans as in JSON, nothing for null, NaN and the empty string."""
    if value is None or value == "" or value != value:  # only NaN differs from itself
        return None
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if not isinstance(value, str):
        raise SourceError(f"{place}: expected text or a number, got {type(value).__name__} {str(value)[:60]!r}")
    if surrogate := lone_surrogate(value):
        raise SourceError(f"{place}: {half_a_character(surrogate)}")
    return value


def with_ids(frames: Mapping[Split, pd.DataFrame]) -> dict[Split, pd.DataFrame]:
    """Each frame with a first column `id`: split and position, as `train-00017`."""
    ids = {split: pd.Series([f"{split}-{i:05d}" for i in range(len(frame))], dtype="str") for split, frame in frames.items()}
    return {split: frame.reset_index(drop=True).assign(id=ids[split])[["id", *frame.columns]] for split, frame in frames.items()}


def digest(frame: pd.DataFrame) -> str:
    """sha256 over text and label of every row, in order; independent of file format, pandas and platform."""
    sha = hashlib.sha256()
    for pair in zip(_nullable(frame["text"]), _nullable(frame["label"]), strict=True):
        sha.update(json.dumps(pair).encode() + b"\n")
    return sha.hexdigest()


def _nullable(column: pd.Series) -> Iterable[str | None]:
    return (None if missing else value for value, missing in zip(column, column.isna(), strict=True))


def check_digests(frames: Mapping[Split, pd.DataFrame], expected: Mapping[Split, str]) -> None:
    """Raise `SourceError` where the rows read are not the rows that the parameters were written for."""
    found = {split: digest(frames[split]) for split in expected}
    wrong = [split for split in expected if found[split] != expected[split]]
    if wrong:
        lines = [f"  {split}: expected {expected[split]}\n  {' ' * len(split)}  read     {found[split]}" for split in wrong]
        raise SourceError(
            "\n".join(["the rows are not those that sha256 names; if the new ones are meant, write their digest there", *lines])
        )
