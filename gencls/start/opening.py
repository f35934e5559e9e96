"""Reads a table of unknown encoding and delimiter, the way the source `files` will read it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from charset_normalizer import from_bytes

from gencls.params import Format
from gencls.sources.encoding import BYTE_ORDER_MARKS, ENCODINGS, decode
from gencls.sources.files import DELIMITERS, ENDINGS, OTHER_DELIMITERS, SEPARATOR, read_csv, read_jsonl
from gencls.sources.rows import Record, SourceError

REMEDIES = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods", ".numbers"), "save it as CSV UTF-8"),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst", ".7z"), "unpack it"),
}
ARCHIVE = b"PK\x03\x04"
"""Begins a zip archive, which a workbook is too."""
TAB = DELIMITERS["tsv"]
UNQUOTED = "double quotes do not stand around cells here, so they are read as they are; if they do: quoting: true in params.yaml"
TELLING_LINES = 500
"""Lines that are not ASCII, shown to the detection."""
LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
ALONE = 0.9
"""Share of the bytes beyond ASCII that have none beside them in a Western text at least."""
SHOWN = 40
"""Characters of one shown to the reader."""
ROWS, LIKE = 3, 0.8
"""Lines of a cell, and share of all of them, with as many delimiters as a row: that is no text any more."""


@dataclass(frozen=True)
class Table:
    """The records of a file, and how they were read."""

    form: Format
    encoding: str
    delimiter: str | None
    """None where the format has none."""
    quoting: bool
    """False where double quotes are characters like any other."""
    records: list[Record]
    doubts: list[str]

    @property
    def columns(self) -> list[str]:
        """All that some record has, in order."""
        return list(dict.fromkeys(column for record in self.records for column in record))


def read(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """The table at `path`; what is given is not guessed.

    Raises:
        SourceError: no such file, an ending that says nothing, or rows that cannot be read.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    form = ENDINGS.get(path.suffix.lower())
    if form is None:
        remedy = REMEDIES.get(path.suffix.lower(), f"rename it to one of {', '.join(ENDINGS)}, or save it as CSV UTF-8")
        raise SourceError(f"{path}: {path.suffix!r} cannot be read; {remedy}")
    if form == "parquet":
        return Table(form, "utf-8", None, True, _parquet(path), [])
    data = path.read_bytes()
    if data.startswith(ARCHIVE):
        raise SourceError(f"{path}: a workbook or a zip archive, whatever it is called; save it as CSV UTF-8, or unpack it")
    encoding, doubts = (encoding, []) if encoding else detect(data, str(path))
    text = decode(data, encoding, str(path))
    if form == "jsonl":
        return Table(form, encoding, None, True, read_jsonl(text, str(path)), doubts)
    if delimiter is None and (said := SEPARATOR.match(text)):
        delimiter = said[1]
    if form == "tsv" and delimiter in (None, TAB) and '"' in text and (unquoted := _unquoted(text, str(path))):
        return Table(form, encoding, TAB, False, unquoted, [*doubts, UNQUOTED, *_header(unquoted)])
    delimiter, records = (delimiter, read_csv(text, delimiter, str(path))) if delimiter else _separated(text, DELIMITERS[form], str(path))
    return Table(form, encoding, delimiter, True, records, [*doubts, *_header(records), *_swallowed(records, delimiter)])


def detect(data: bytes, name: str) -> tuple[str, list[str]]:
    """(encoding, doubts): UTF-8 where the bytes are, since nothing else looks like it; else the likeliest of `ENCODINGS`.

    Raises:
        SourceError: the bytes of the file `name` are UTF-8 but for some, or none of them decodes them.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding, []
    try:
        data.decode("utf-8")
        return "utf-8", []
    except UnicodeDecodeError:
        lines = [line for line in data.splitlines() if not line.isascii()][:TELLING_LINES]
    shown = b"\n".join(lines).decode("utf-8", errors="replace")
    if 2 * shown.count("\ufffd") < len(shown) - sum(map(str.isascii, shown)):
        decode(data, "utf-8", name)  # raises, and says where
    name = "cp1252" if _western(b"\n".join(lines)) else _likeliest(b"\n".join(lines))
    sample = _around(lines[0].decode(name, errors="replace"))
    return ENCODINGS[name], [f"not UTF-8; read as {ENCODINGS[name]}, where a line reads {sample!r}. If that is wrong: --encoding"]


def _western(text: bytes) -> bool:
    """Whether signs that are not ASCII stand alone among others, as £, ° and é do: the characters of other scripts stand together."""
    try:
        text.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return len(LONE.findall(text)) >= ALONE * sum(byte >= 0x80 for byte in text)


def _likeliest(text: bytes) -> str:
    best = from_bytes(text, cp_isolation=list(ENCODINGS)).best()
    if best is None:
        raise SourceError(f"the encoding is none of utf-8, utf-16, {', '.join(ENCODINGS.values())}; name it: --encoding")
    return next(name for name in ENCODINGS if name in best.could_be_from_charset)  # some agree on every byte that occurs: the commonest


def _around(line: str) -> str:
    """The part of a line that is not ASCII."""
    at = next((i for i, c in enumerate(line) if not c.isascii()), 0)
    start = max(0, at - SHOWN // 2)
    return line[start : start + SHOWN].strip()


def _separated(text: str, usual: str, name: str) -> tuple[str, list[Record]]:
    """(delimiter, records): of those that split every row into as many cells as the header, the one with most columns.

    csv.Sniffer would guess from a sample; to read the whole file each way decides.
    """
    found: dict[str, list[Record]] = {}
    for delimiter in dict.fromkeys((usual, *OTHER_DELIMITERS)):
        try:
            found[delimiter] = read_csv(text, delimiter, name)
        except SourceError:
            continue
    if not any(found.values()):
        header = text.lstrip("\r\n").partition("\n")[0]
        likely = max((usual, *OTHER_DELIMITERS), key=header.count)
        return likely, read_csv(text, likely, name)  # raises, and says why
    best = max(found, key=lambda delimiter: len(found[delimiter][0]) if found[delimiter] else 0)
    return best, found[best]


def _unquoted(text: str, name: str) -> list[Record]:
    """Records of a tsv whose double quotes do not pair up around cells, or pair up over several rows; nothing of another."""
    try:
        swallowed = any("\n" in str(cell) and TAB in str(cell) for record in read_csv(text, TAB, name) for cell in record.values())
    except SourceError:
        swallowed = True
    if not swallowed:
        return []
    try:
        return read_csv(text, TAB, name, quoting=False)
    except SourceError:
        return []


def _swallowed(records: list[Record], delimiter: str) -> list[str]:
    """A doubt where a cell holds lines that look like rows, as after a double quote that is closed in another row."""
    for number, record in enumerate(records, start=1):
        for cell in map(str, record.values()):
            first, *lines = cell.split("\n")
            like = sum(line.count(delimiter) == len(record) - 1 for line in lines[:-1])
            if like >= ROWS and like > LIKE * len(lines):
                return [f"a cell of row {number} holds {like} lines that look like rows: is its double quote not closed? {first[:SHOWN]!r}"]
    return []


def _header(records: list[Record]) -> list[str]:
    """A doubt where the first line is like the others."""
    alike = [column for column in (records[0] if records else {}) if column and any(record[column] == column for record in records)]
    if not alike:
        return []
    instead = "if it is a row, set header: false in params.yaml, and text and label to the places of their columns"
    return [f"is the first line a header? {alike[0]!r} also stands below it in its column; {instead}"]


def _parquet(path: Path) -> list[Record]:
    try:
        return list(pq.read_table(path).to_pylist())
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path}: not a parquet file: {error}") from None
