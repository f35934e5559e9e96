"""IN: the rows of a csv, tsv, jsonl or parquet file, one at a time, and by name those that cannot be read.

Unlike training (gencls/sources/files.py), which stops at a bad row, this goes on after one: a file to predict is whatever there is. Bytes
that are not of the encoding arrive as lone surrogates (PEP 383), so that one bad byte costs one row.
"""

import codecs
import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from gencls.errors import InputError, half_a_character, lone_surrogate
from gencls.params import Format
from gencls.predict.lines import Lines
from gencls.sources.files import DELIMITERS, ENDINGS, OTHER_DELIMITERS, csv_reader, first_row
from gencls.sources.rows import Record

STANDARD = "-"
"""Standard input or output."""
STDIN = "standard input"
BATCH = 1024
"""Rows of a parquet file held at once."""
OPTION = "--"
"""What messages put before text, delimiter and encoding where they were said on the command line."""
SHOWN = 80
"""Characters of a bad row that a message shows."""
FORMATS: tuple[Format, ...] = ("csv", "tsv", "jsonl", "parquet")


class FileError(InputError):
    """A file cannot be read or written; the message names it and what to do."""


@dataclass(frozen=True)
class Row:
    """One row; `place` names it in messages."""

    place: str
    cells: Record


@dataclass(frozen=True)
class Unreadable:
    """A row that no text can be taken from."""

    place: str
    reason: str
    content: str
    """As far as it could be read."""


@dataclass(frozen=True)
class Source:
    """A file and how to read it."""

    path: Path
    name: str
    """In messages."""
    format: Format
    delimiter: str
    encoding: str = "utf-8"
    said: str = OPTION
    """In messages before the name of an option: where a user would say it."""
    quoting: bool = True
    """Of csv and tsv: whether double quotes may stand around cells."""

    def rows(self) -> Iterator[Row | Unreadable]:
        """Every row, in order.

        Raises:
            FileError: the file as a whole cannot be read.
        """
        if self.format == "parquet":
            return self._parquet()
        return self._jsonl() if self.format == "jsonl" else self._csv()

    def schema(self) -> Any:
        """Of a parquet file.

        Raises:
            FileError: it is none.
        """
        try:
            return pq.read_schema(self.path)
        except pa.ArrowInvalid as error:
            raise FileError(f"{self.name}: not a parquet file: {error}") from None

    @property
    def marked(self) -> bool:
        """Whether OUT needs the byte order mark, by which Excel knows UTF-8: this file starts with it, or is of another encoding."""
        if codecs.lookup(self.encoding).name not in ("utf-8", "ascii"):
            return True
        with self.path.open("rb") as file:
            return file.read(3) == b"\xef\xbb\xbf"

    def header(self) -> list[str]:
        """Columns of a csv.

        Raises:
            FileError: there are none, one is there twice, or the delimiter is another.
        """
        with self._open("") as file:
            return self._header(csv_reader(file, self.delimiter, quoting=self.quoting))

    def _open(self, newline: str) -> IO[str]:
        """Behind a byte order mark."""
        try:
            file = self.path.open(encoding=self.encoding, errors="surrogateescape", newline=newline)
            if file.read(1) != "\ufeff":
                file.seek(0)
            return file
        except UnicodeError as error:
            raise FileError(f"{self.name} is not {self.encoding}: {error}; name its encoding with {self.said}encoding") from None
        except LookupError:
            examples = "examples: utf-8, windows-1252, gb18030, utf-16"
            raise FileError(f"{self.said}encoding: {self.encoding!r} is unknown; {examples}") from None

    def _header(self, reader: Any) -> list[str]:
        try:
            header = [cell.strip() for cell in first_row(reader, self.delimiter)]
        except csv.Error as error:
            raise FileError(f"{self.name}, line 1: {error}; it should hold the names of the columns") from None
        if not header:
            raise FileError(f"{self.name}: empty; its first line should hold the names of the columns")
        if wrong := self._broken(header):
            raise FileError(f"{self.name}, line 1: {wrong}")
        while len(header) > 1 and not header[-1]:  # a spreadsheet that once had more columns still ends its lines with their delimiters
            header.pop()
        other = next((other for other in OTHER_DELIMITERS if other != self.delimiter and other in header[0]), None)
        if len(header) == 1 and other:
            found = f"only one column, {header[0]!r}, when split at {self.delimiter!r}"
            raise FileError(f"{self.name}: {found}; {self.said}delimiter {other!r} splits it")
        if header.count("") > 1:
            raise FileError(
                f"{self.name}: columns {[i for i, column in enumerate(header, 1) if not column]} have no name; give or delete them"
            )
        if twice := sorted({column for column in header if header.count(column) > 1}):
            raise FileError(f"{self.name}: columns that occur twice: {', '.join(map(repr, twice))}")
        return header

    def _csv(self) -> Iterator[Row | Unreadable]:
        with self._open("") as file:
            lines = Lines(file)
            reader = csv_reader(lines, self.delimiter, quoting=self.quoting)
            header, number = self._header(reader), 0
            while True:
                place = f"{self.name}, row {number + 1} (line {lines.number + 1})"
                lines.mark()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:  # all up to the next double quote, or the end, was one cell: that one line is to blame
                    number += 1
                    yield Unreadable(place, f"{error}; is a double quote not closed, or not doubled in a cell?", _printable(lines.back()))
                    reader = csv_reader(lines, self.delimiter, quoting=self.quoting)
                    continue
                if cells:  # a blank line is no row
                    number += 1
                    yield self._record(place, header, cells)

    def _record(self, place: str, header: list[str], cells: list[str]) -> Row | Unreadable:
        content = self.delimiter.join(cells)
        if not any(map(str.strip, cells[len(header) :])):
            cells = cells[: len(header)]
        if len(cells) != len(header):
            quoted = f"a cell that holds {self.delimiter!r} or a line break must stand in double quotes"
            return Unreadable(place, f"{len(cells)} cells, the header has {len(header)}; {quoted}", _printable(content))
        if wrong := self._broken(cells):
            return Unreadable(place, wrong, _printable(content))
        return Row(place, dict(zip(header, cells, strict=True)))

    def _jsonl(self) -> Iterator[Row | Unreadable]:
        with self._open("\n") as file:
            for number, line in enumerate(file, start=1):
                place = f"{self.name}, line {number}"
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
                    yield Unreadable(place, f"not JSON: {error}", _printable(line))
                    continue
                if not isinstance(record, dict):
                    yield Unreadable(place, f"expected one JSON object a line, got a {type(record).__name__}", _printable(line))
                elif wrong := self._broken([json.dumps(record, ensure_ascii=False)]):
                    yield Unreadable(place, wrong, _printable(line))
                else:
                    yield Row(place, record)

    def _parquet(self) -> Iterator[Row | Unreadable]:
        self.schema()
        number = 0
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                try:
                    records = batch.to_pylist()
                except UnicodeDecodeError as error:
                    raise FileError(f"{self.name}: strings of row {number + 1} or after it are not UTF-8: {error}") from None
                for record in records:
                    number += 1
                    yield Row(f"{self.name}, row {number}", record)

    def _broken(self, cells: list[str]) -> str | None:
        """What is wrong with strings that are no Unicode text, or None."""
        surrogate = lone_surrogate("\n".join(cells))
        if surrogate is None:
            return None
        if 0xDC80 <= (code := ord(surrogate)) <= 0xDCFF:
            return f"byte 0x{code - 0xDC00:02x} is not of the encoding; name another one with {self.said}encoding, as windows-1252"
        return half_a_character(surrogate)


def _printable(content: str) -> str:
    return content.rstrip("\r\n").encode(errors="backslashreplace").decode()


@contextmanager
def opened(  # noqa: PLR0913  # a file and how to read it
    name: str, form: Format | None, delimiter: str | None, encoding: str, said: str = OPTION, *, quoting: bool = True
) -> Iterator[Source]:
    """IN. Standard input is copied to a temporary file first: how many rows there are and which columns is asked before the first answer.

    Raises:
        FileError: no such file, or nobody can tell its format.
    """
    if name == STANDARD:
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.flush()
            path = Path(copy.name)
            found = form or _guess(path)
            yield Source(path, STDIN, found, delimiter or DELIMITERS.get(found, ","), encoding, said, quoting)
        return
    path = Path(name)
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in path.parent.iterdir())[:20]) if path.parent.is_dir() else "no such folder"
        raise FileError(f"{path}: no such file; in {path.parent}: {there}")
    found = form or format_of(path, "--from")
    yield Source(path, str(path), found, delimiter or DELIMITERS.get(found, ","), encoding, said, quoting)


def format_of(path: Path, option: str) -> Format:
    """What a name's ending says.

    Raises:
        FileError: it says nothing.
    """
    form = ENDINGS.get(path.suffix.lower())
    if form is None:
        raise FileError(f"{path}: cannot tell what {path.suffix!r} is; name it with {option}, one of {', '.join(FORMATS)}")
    return form


def _guess(path: Path) -> Format:
    """By the first bytes."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf")
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.lstrip().startswith(b"{"):
        return "jsonl"
    return "tsv" if b"\t" in start.split(b"\n")[0] else "csv"
