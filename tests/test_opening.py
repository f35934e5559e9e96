"""Files as people have them: `make new` reads what can be read, and says what is wrong with the rest."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from gencls import corrections
from gencls.start import opening


@pytest.fixture
def python_limit() -> Iterator[None]:
    """That of a process in which nothing has read a csv."""
    limit = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(limit)


@pytest.mark.parametrize("delimiter", [";", ",", "^"])
def test_the_delimiter_is_the_one_that_excel_is_told(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f'sep={delimiter}\n"text"{delimiter}label\n"a, b; c|d"{delimiter}L\n')
    table = opening.read(file)
    assert (table.delimiter, table.records) == (delimiter, [{"text": "a, b; c|d", "label": "L"}])


@pytest.mark.usefixtures("python_limit")
def test_a_cell_may_be_a_long_document(tmp_path: Path) -> None:
    file, long = tmp_path / "x.csv", "word " * 30_000
    file.write_text(f"text,label\n{long},L\n")
    assert opening.read(file).records == [{"text": long, "label": "L"}]


@pytest.mark.usefixtures("python_limit")
def test_a_long_document_may_be_corrected(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"id,text,label,new_label\ntrain-00000,{'word ' * 30_000},a,b\n")
    assert [correction.new_label for correction in corrections.read(file)] == ["b"]
