"""One look at IN before the first answer: how many rows, which columns, and whether every row can be read."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gencls.predict.source import FileError, Row, Source, Unreadable
from gencls.predict.text import TextOf, find
from gencls.sources.rows import SourceError

EXACT = 53
"""Bits of the integers that a double holds."""


class NoRowsError(FileError):
    """IN has none, not even such as cannot be read."""


@dataclass(frozen=True)
class Survey:
    """What IN holds.

    Attributes:
        rows: those that can be read.
        columns: column → Arrow type that holds all its values, in order of appearance.
        blank: those of them whose text is empty or nothing but white space.
        unreadable: how many cannot be read, and the first of them.
    """

    rows: int
    columns: dict[str, Any]
    text: TextOf
    blank: int
    unreadable: int
    first: Unreadable | None


def survey(source: Source, given: str | None, remembered: str) -> Survey:
    """Read all of IN once.

    Raises:
        InputError: the file cannot be read, it has no rows, or no column for the text (`gencls.predict.text.find`).
    """
    columns = _columns(source)
    if not columns:
        raise _without_rows(source, next((row for row in source.rows() if isinstance(row, Unreadable)), None))
    text = find(given, remembered, list(columns), source.name, f"{source.said}text")
    rows, blank, unreadable, first = 0, 0, 0, None
    for row in source.rows():
        read = readable(row, text)
        if isinstance(read, Unreadable):
            unreadable, first = unreadable + 1, first or read
        else:
            rows, blank = rows + 1, blank + (not read[1].strip())
    if not rows:
        raise _without_rows(source, first)
    return Survey(rows, columns, text, blank, unreadable, first)


def _without_rows(source: Source, first: Unreadable | None) -> FileError:
    if first is None:
        return NoRowsError(f"{source.name}: no rows")
    return FileError(f"{source.name}: no rows that can be read; {first.place}: {first.reason}")


def readable(row: Row | Unreadable, text: TextOf) -> tuple[Row, str] | Unreadable:
    """A row and its text, or why there is none."""
    if isinstance(row, Unreadable):
        return row
    try:
        return row, text(row)
    except SourceError as error:
        return Unreadable(row.place, str(error), str(dict(row.cells)))


def _columns(source: Source) -> dict[str, Any]:
    """Column → Arrow type; those of jsonl come from all its rows, for a row may lack any."""
    if source.format == "parquet":
        return {field.name: field.type for field in source.schema()}
    if source.format != "jsonl":
        return dict.fromkeys(source.header(), pa.string())
    kinds: dict[str, set[type]] = {}
    for row in source.rows():
        for column, value in row.cells.items() if isinstance(row, Row) else ():
            kinds.setdefault(column, set()).add(_kind(value))
    return {column: _type(found - {type(None)}) for column, found in kinds.items()}


class _Long(int):
    """Stands for integers that a floating-point number cannot hold."""


def _kind(value: object) -> type:
    """Of a cell; an integer that has no Arrow type counts as text."""
    if type(value) is not int or value.bit_length() <= EXACT:
        return type(value)
    return _Long if value.bit_length() < 64 else str


def _type(kinds: set[type]) -> Any:
    """The narrowest of truth value, number and text that holds all of them exactly."""
    if kinds == {bool}:
        return pa.bool_()
    if kinds and kinds <= {int, _Long}:
        return pa.int64()
    return pa.float64() if kinds and kinds <= {int, float} else pa.string()
