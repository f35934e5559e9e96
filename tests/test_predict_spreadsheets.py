"""Files that a spreadsheet wrote, given to `gencls predict`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest


def test_the_line_that_tells_excel_the_delimiter_is_no_header(shell: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("sep=;\nid;text\n1;late\n")
    shell(tmp_path / "in.csv", tmp_path / "out.csv", "--delimiter", ";")
    assert (tmp_path / "out.csv").read_text().startswith("id;text;predicted")
    with pytest.raises(SystemExit, match="--delimiter ';' splits it"):
        shell(tmp_path / "in.csv", tmp_path / "out.csv")


def test_blank_columns_at_the_end_that_a_spreadsheet_left_are_none(shell: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text,,\n1,late,,\n2,lost\n3,gone, ,\n")
    shell(tmp_path / "in.csv", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].startswith("id,text,predicted,") and [line[:7] for line in lines[1:]] == ["1,late,", "2,lost,", "3,gone,"]
    (tmp_path / "in.csv").write_text("id,text,,\n1,late,,\n2,lost,and,\n")
    with pytest.raises(SystemExit, match=r"row 2 \(line 3\): 4 cells, the header has 2"):
        shell(tmp_path / "in.csv", tmp_path / "out.csv")


def test_columns_without_a_name_are_counted_to(shell: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,,,id\nlate,,,1\n")
    with pytest.raises(SystemExit, match=r"columns \[2, 3\] have no name; give or delete them"):
        shell(tmp_path / "in.csv", tmp_path / "out.csv")


def test_a_quote_may_be_a_character(shell: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text('id\ttext\n1\t"late\n2\tlost\n')
    shell(tmp_path / "in.tsv", tmp_path / "out.jsonl", "--no-quoting")
    assert [json.loads(line)["text"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == ['"late', "lost"]


def test_what_a_spreadsheet_wrote_in_another_encoding_it_reads_again(shell: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("Größe;text\nü;late\n".encode("windows-1252"))
    shell(tmp_path / "in.csv", tmp_path / "out.csv", "--delimiter", ";", "--encoding", "windows-1252")
    assert (tmp_path / "out.csv").read_bytes().startswith("\ufeffGröße;text;predicted".encode())
