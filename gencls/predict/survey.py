"""One look at IN before the first answer: how many rows, which columns, and whether every row can be read."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gencls.predict.source import FileError, Row, Source, Unreadable
from gencls.predict.text import TextOf, find
from gencls.sources.rows import SourceError


class NoRowsError(FileError):
    """IN has none, not even such as cannot be read."""


@dataclass(frozen=True)
class Survey:
    """What IN holds.

    Attributes:
        rows: those that can be read.
        columns: column → Arrow type that holds all its values, in order of appearance.
        unreadable: how many cannot be read, and the first of them.
    """

    rows: int
    columns: dict[str, Any]
    text: TextOf
    unreadable: int
    first: Unreadable | None


def survey(source: Source, given: str | None, remembered: str) -> Survey:
    """Read all of IN once.

    Raises:
        InputError: the file cannot be read, it has no rows, or no column for the text (`gencls.predict.text.find`).
    """
    columns, nothing = _columns(source), f"{source.name}: no rows"
    if not columns:
        raise NoRowsError(nothing)
    text = find(given, remembered, list(columns), source.name, f"{source.said}text")
    rows, unreadable, first = 0, 0, None
    for row in source.rows():
        bad = readable(row, text)
        if isinstance(bad, Unreadable):
            unreadable, first = unreadable + 1, first or bad
        else:
            rows += 1
    if not rows:
        raise FileError(f"{source.name}: no rows that can be read; {first.place}: {first.reason}") if first else NoRowsError(nothing)
    return Survey(rows, columns, text, unreadable, first)


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
            fits = not isinstance(value, int) or value.bit_length() < 64  # a larger one has no Arrow type and becomes text
            kinds.setdefault(column, set()).add(type(value) if fits else str)
    return {column: _type(found - {type(None)}) for column, found in kinds.items()}


def _type(kinds: set[type]) -> Any:
    """The narrowest of truth value, number and text."""
    if kinds == {bool}:
        return pa.bool_()
    if kinds and kinds <= {int, float}:
        return pa.int64() if kinds == {int} else pa.float64()
    return pa.string()
