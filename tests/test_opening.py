"""Files as people have them: `make new` reads what can be read, and says what is wrong with the rest."""

from pathlib import Path

import pytest

from gencls.start import opening


@pytest.mark.parametrize("delimiter", [";", ",", "^"])
def test_the_delimiter_is_the_one_that_excel_is_told(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f'sep={delimiter}\n"text"{delimiter}label\n"a, b; c|d"{delimiter}L\n')
    table = opening.read(file)
    assert (table.delimiter, table.records) == (delimiter, [{"text": "a, b; c|d", "label": "L"}])
