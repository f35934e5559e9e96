"""OUT: the input's rows with the prediction's columns behind them, in csv, tsv, jsonl or parquet.

In csv and tsv, cells that a spreadsheet would run as formulas are defused (gencls/formulas.py). jsonl and parquet are not opened by
clicking on them and are left as they are.
"""

import json
import re
from collections.abc import Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from gencls.formulas import defused
from gencls.params import Format
from gencls.predict.source import FileError, Source
from gencls.sources.files import DELIMITERS
from gencls.sources.rows import Record

ROW_GROUP = 4096
"""Rows held before they are written to a parquet file."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEAREST = pa.list_(pa.struct([("id", pa.string()), ("text", pa.string()), ("label", pa.string()), ("similarity", pa.float64())]))


class Csv:
    """csv or tsv in UTF-8, lines ended by a line feed; `defused` counts the cells that got a quote."""

    def __init__(self, file: IO[bytes], columns: Sequence[str], *, delimiter: str, marked: bool) -> None:
        self._file, self._columns, self._delimiter = file, columns, delimiter
        self._special = re.compile(f'[{re.escape(delimiter)}"\r\n]')
        self.defused = 0
        file.write(BYTE_ORDER_MARK if marked else b"")
        self._line(list(columns))

    def write(self, record: Record) -> None:
        """Missing keys are empty cells."""
        self._line([_text(record.get(column)) for column in self._columns])

    def close(self) -> None:
        """Nothing is held."""

    def _line(self, cells: list[str]) -> None:
        self._file.write((self._delimiter.join(map(self._cell, cells)) + "\n").encode())

    def _cell(self, cell: str) -> str:
        """Quoted where it must be: also for a lone carriage return, which Python's csv module would let end the row."""
        safe = defused(cell)
        self.defused += safe != cell
        cell = safe
        return '"' + cell.replace('"', '""') + '"' if self._special.search(cell) else cell


class Jsonl:
    """One JSON object a line."""

    defused = 0

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, record: Record) -> None:
        """What JSON has no type for, as dates of a parquet file, becomes text."""
        self._file.write((json.dumps(record, ensure_ascii=False, default=str) + "\n").encode())

    def close(self) -> None:
        """Nothing is held."""


class Parquet:
    """Row groups of `ROW_GROUP` rows."""

    defused = 0

    def __init__(self, file: IO[bytes], schema: Any) -> None:
        self._schema, self._writer = schema, pq.ParquetWriter(file, schema)
        self._texts = [field.name for field in schema if field.type == pa.string()]
        self._held: list[dict[str, Any]] = []

    def write(self, record: Record) -> None:
        """Values that share a column with text become text."""
        texts = {name: _text(value) for name in self._texts if (value := record.get(name)) is not None}
        self._held.append({**record, **texts})
        if len(self._held) == ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Write the last rows and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, schema=self._schema))
            self._held = []


def _text(value: object) -> str:
    """A value as a cell: text as it is, nothing for null, a date as Python writes it, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def check_names(source: Source, columns: dict[str, Any], added: dict[str, Any]) -> None:
    """Raise `FileError` where a column of the input has the name of a new one."""
    if both := [column for column in added if column in columns]:
        raise FileError(
            f"{source.name} has a column {both[0]!r} already, which is also the name of a new one; --prefix renames the new ones"
        )


def writer(file: IO[bytes], form: Format, source: Source, columns: dict[str, Any], added: dict[str, Any]) -> Csv | Jsonl | Parquet:
    """The writer of a format.

    Args:
        columns: column → Arrow type, of the input.
        added: the same of what is put behind them.
    """
    if form == "jsonl":
        return Jsonl(file)
    if form == "parquet":
        inherited = source.schema() if source.format == "parquet" else pa.schema(list(columns.items()))
        return Parquet(file, pa.schema([*inherited, *(pa.field(name, kind) for name, kind in added.items())], inherited.metadata))
    delimiter = source.delimiter if source.format == form else DELIMITERS[form]
    return Csv(file, [*columns, *added], delimiter=delimiter, marked=source.format in DELIMITERS and source.marked)
