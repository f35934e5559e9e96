"""Corpora in tables: a jsonl file, or the Hugging Face hub. Rows with an empty cell explain nothing and are left out."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gencls.corpora.rows import CorpusError, Row
from gencls.params import FilesCorpus, HubCorpus, TableCorpus
from gencls.sources.files import read_jsonl
from gencls.sources.rows import SourceError


def from_file(spec: FilesCorpus, file: Path) -> list[Row]:
    """Rows of a jsonl file, one object a line.

    Raises:
        CorpusError: no such file, or a column that is missing.
        SourceError: a line that is not an object.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CorpusError(
            f"{file}: no such file. There are two ways to the corpus {spec.name!r}:\n"
            f"  1. put it there, one JSON object with {spec.question}, {spec.answer} and {spec.reasoning} a line;\n"
            f"  2. copies: set GENCLS_DATA to a folder that holds {spec.name}/train.jsonl."
        ) from None
    return _rows(spec, read_jsonl(text, str(file)), str(file))


def from_hub(spec: HubCorpus) -> list[Row]:
    """Rows of one split of a hub data set; remote code is never run.

    Raises:
        CorpusError: no such data set, split or column, or no network.
    """
    from gencls.sources.hub import load

    try:
        table = load(spec, spec.split)
    except SourceError as error:
        raise CorpusError(f"reasoner.corpus: {error}") from error
    return _rows(spec, table, f"{spec.id}, split {spec.split}")


def _rows(spec: TableCorpus, records: Iterable[Mapping[str, Any]], name: str) -> list[Row]:
    rows = []
    for number, record in enumerate(records, 1):
        cells = []
        for key in (spec.question, spec.answer, spec.reasoning):
            if key not in record:
                raise CorpusError(f"{name}, row {number}: no column {key!r}; columns there: {', '.join(map(repr, record))}")
            cells.append("" if record[key] is None else str(record[key]).strip())
        if all(cells):
            rows.append(Row(*cells))
    if not rows:
        raise CorpusError(f"{name}: no row with a question, an answer and a reasoning")
    return rows
