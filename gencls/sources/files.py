"""Tables on disk: csv, tsv, jsonl, parquet.

Texts such as `NA` and `null` are texts. Rows end at line breaks only, never at U+2028 and its like, which some texts hold; a csv cell may
hold line breaks between quotes.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gencls.params import LONGEST_CELL, FilesDataSet, Format, Split
from gencls.sources.encoding import decode
from gencls.sources.rows import Record, SourceError, check_columns, required_columns, to_frame
from gencls.sources.split import stratified

ENDINGS: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".json": "jsonl", ".parquet": "parquet"}
DELIMITERS = {"csv": ",", "tsv": "\t"}
OTHER_DELIMITERS = (";", "\t", "|", ",")
SEPARATOR = re.compile(r'"?sep=(.)"?\r?$', re.MULTILINE)
"""A first line that tells Excel the delimiter and is no row."""


def names(spec: FilesDataSet) -> list[str]:
    """Files of a data set, each once."""
    return [spec.files] if isinstance(spec.files, str) else list(dict.fromkeys(spec.files.model_dump(exclude_none=True).values()))


def read(spec: FilesDataSet, folder: Path, *, seed: int) -> dict[Split, pd.DataFrame]:
    """One frame per split from one file per split, or from files that `seed` splits."""
    if isinstance(spec.files, str):
        return stratified(_table(spec, folder / spec.files), validation=spec.validation, test=spec.test, seed=seed)
    train, test = _table(spec, folder / spec.files.train), _table(spec, folder / spec.files.test)
    if spec.files.validation is None:
        return {**stratified(train, validation=spec.validation, test=0.0, seed=seed), "test": test}
    return {"train": train, "validation": _table(spec, folder / spec.files.validation), "test": test}


def _table(spec: FilesDataSet, path: Path) -> pd.DataFrame:
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in path.parent.iterdir())) if path.parent.is_dir() else "no such folder"
        raise SourceError(f"{path}: no such file; in {path.parent}: {there}")
    form = spec.format or ENDINGS.get(path.suffix.lower())
    if form is None:
        raise SourceError(f"{path}: cannot tell what {path.suffix!r} is; set format to one of csv, tsv, jsonl, parquet")
    return to_frame(_records(spec, path, form), spec, str(path))


def _records(spec: FilesDataSet, path: Path, form: Format) -> list[Record]:
    if form not in DELIMITERS and not (spec.header and spec.quoting):
        raise SourceError(f"{path}: header: false and quoting: false are for csv and tsv; in {form} every column has its name")
    if form == "parquet":
        return _parquet(spec, path)
    text = decode(path.read_bytes(), spec.encoding, str(path))
    if form == "jsonl":
        return read_jsonl(text, str(path))
    return read_csv(text, spec.delimiter or DELIMITERS[form], str(path), header=spec.header, quoting=spec.quoting)


def _parquet(spec: FilesDataSet, path: Path) -> list[Record]:
    try:
        check_columns(spec, pq.read_schema(path).names, str(path))
        return list(pq.read_table(path, columns=required_columns(spec)).to_pylist())
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: not a parquet file of UTF-8 strings: {error}") from None


def read_jsonl(text: str, name: str) -> list[Record]:
    """Records of a text with one JSON object a line; `name` stands in its errors (`SourceError`)."""
    records: list[Record] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
            wrong = f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)
            raise SourceError(f"{name}, line {number}: not JSON: {wrong}: {line[:60]!r}") from None
        if not isinstance(record, dict):
            raise SourceError(f"{name}, line {number}: expected one JSON object a line, got a {type(record).__name__}: {line[:60]!r}")
        records.append(record)
    return records


def read_csv(text: str, delimiter: str, name: str, *, header: bool = True, quoting: bool = True) -> list[Record]:
    """Records as Python's csv module reads them, which unlike pandas never guesses a type, a missing value or a missing cell.

    Without a `header` the columns are called "1", "2" and so on. Columns without a name or a cell, which Excel may leave behind the last,
    are none. Without `quoting` a double quote is a character like any other. `name` stands in the errors (`SourceError`).
    """
    reader = csv_reader(io.StringIO(text, newline=""), delimiter, quoting=quoting)
    rows: list[list[str]] = []
    begun = 1
    try:
        first = first_row(reader, delimiter)
        columns = [cell.strip() for cell in first] if header else [str(place) for place in range(1, len(first) + 1)]
        _check_delimiter(first, delimiter, name)
        for row in reader if header else chain([first], reader):
            if row and len(row) != len(columns):
                raise SourceError(
                    f"{name}, row that ends in line {reader.line_num}: {len(row)} cells, the {'header' if header else 'first row'} has "
                    f"{len(columns)}; a cell that holds {delimiter!r} or a line break must stand in double quotes: "
                    f"{delimiter.join(row)[:80]!r}"
                )
            if row:
                rows.append(row)
            begun = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(f"{name}, row that begins in line {begun}: {error}; is a double quote not closed, or not doubled?") from None
    there = [place for place, column in enumerate(columns) if column or any(row[place].strip() for row in rows)]
    _check_once([columns[place] for place in there], name)
    return [{columns[place]: row[place] for place in there} for row in rows]


def csv_reader(lines: Iterable[str], delimiter: str, *, quoting: bool = True) -> Any:
    """Python's, strict, and for long cells."""
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE)


def first_row(reader: Iterator[list[str]], delimiter: str) -> list[str]:
    """The first row of a csv that is not blank, be it the header; empty where there is none."""
    filled = (row for row in reader if any(map(str.strip, row)))
    row = next(filled, [])
    return next(filled, []) if SEPARATOR.fullmatch(delimiter.join(row)) else row


def _check_delimiter(first: list[str], delimiter: str, name: str) -> None:
    if len(first) == 1:
        others = [other for other in OTHER_DELIMITERS if other != delimiter and other in first[0]]
        hint = f"; it looks separated by {others[0]!r}: set delimiter to that" if others else ""
        raise SourceError(f"{name}: only one column, {first[0][:60].strip()!r}, when split at {delimiter!r}{hint}")


def _check_once(columns: list[str], name: str) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise SourceError(f"{name}: columns that occur twice: {', '.join(map(repr, twice))}")
