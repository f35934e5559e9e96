"""Files as people have them: `make new` reads what can be read, and says what is wrong with the rest."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from gencls import corrections
from gencls.sources import SourceError
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


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("x.xlsx", b"PK\x03\x04", r"'\.xlsx' cannot be read; save it as CSV UTF-8"),
        ("x.csv", b"PK\x03\x04", "a workbook or a zip archive, whatever it is called; save it as CSV UTF-8, or unpack it"),
        ("x.csv.gz", b"\x1f\x8b", r"'\.gz' cannot be read; unpack it"),
        ("x.txt", b"text,label", r"'\.txt' cannot be read; rename it to one of \.csv, .*, or save it as CSV UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_told_what_to_do_with_it(tmp_path: Path, name: str, content: bytes, remedy: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=remedy):
        opening.read(tmp_path / name)


def test_a_file_in_utf_8_but_for_one_byte_is_told_where_that_is(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"text,label\n" + "Größe und Maß,a\n".encode() * 5 + b"gr\xf6 and more,b\n")
    with pytest.raises(SourceError, match=r"x\.csv is not utf-8: byte 0xf6 at offset .*, line 7: b'gr"):
        opening.read(tmp_path / "x.csv")


@pytest.mark.parametrize("blank", ["", "\n", "sep=,\n\n", ",,,\n"])
def test_what_excel_leaves_empty_is_neither_header_nor_column(tmp_path: Path, blank: str) -> None:
    (tmp_path / "x.csv").write_text(f"{blank}text,label,,\na b,L,, \n\nc d,M,,\n")
    assert opening.read(tmp_path / "x.csv").records == [{"text": "a b", "label": "L"}, {"text": "c d", "label": "M"}]
    (tmp_path / "x.csv").write_text("text,label,,\na b,L,note,other\n")
    with pytest.raises(SourceError, match="columns that occur twice: ''"):
        opening.read(tmp_path / "x.csv")


@pytest.mark.parametrize("repeated", [1, 50])
@pytest.mark.parametrize("sign", ["20°C", "£5", "5 €", "Acme™", "café", "“fine”"])
def test_few_signs_beyond_ascii_are_western(sign: str, repeated: int) -> None:
    lines = [f"{sign} number {i},fine\n" for i in range(repeated)]
    assert opening.detect("".join(["text,label\n", *lines]).encode("windows-1252"), "x.csv")[0] == "windows-1252"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "快递一直没有送到，请问什么时候可以收到"),
        ("windows-1251", "Где моя посылка? Она не пришла"),
        ("shift_jis", "荷物がまだ届いていません。いつ届きますか"),
        ("windows-1252", "Größe und Maß stimmen nicht, schön wäre früher"),
    ],
)
def test_other_scripts_are_told_from_western_ones(encoding: str, text: str) -> None:
    data = "".join(["text,label\n", *(f"{text[i % 5 :]},a\n" for i in range(40))]).encode(encoding)
    assert opening.detect(data, "x.csv")[0] == encoding


def test_a_tsv_in_which_quotes_are_characters_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text('text\tlabel\n"late again\ta\nfine\tb\nsaid "lost"\tc\n5" long"\td\n')
    table = opening.read(tmp_path / "x.tsv")
    assert [record["text"] for record in table.records] == ['"late again', "fine", 'said "lost"', '5" long"']
    assert not table.quoting and table.doubts == [opening.UNQUOTED]
    (tmp_path / "x.tsv").write_text('text\tlabel\n"late\nagain, ""x"""\ta\n')
    table = opening.read(tmp_path / "x.tsv")
    assert table.quoting and table.records == [{"text": 'late\nagain, "x"', "label": "a"}]


def test_a_quote_that_is_closed_in_another_row_is_doubted(tmp_path: Path) -> None:
    rows = [f"text {i},{i % 2}" for i in range(60)]
    rows[3], rows[50] = '"open,1', 'closed",0'
    (tmp_path / "x.csv").write_text("text,label\n" + "\n".join(rows))
    table = opening.read(tmp_path / "x.csv")
    assert len(table.records) == 13
    assert table.doubts == ["a cell of row 4 holds 46 lines that look like rows: is its double quote not closed? 'open,1'"]
    mail = '"Hello,\nI am, to say the least, angry.\nWhere, please, is it?\nYours,\nAnn"'
    (tmp_path / "y.csv").write_text(f"text,label\n{mail},1\nb,2\n")
    assert opening.read(tmp_path / "y.csv").doubts == []


def test_a_quote_that_is_never_closed_is_named_by_the_row_that_opens_it(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('text,label\na,1\n"b,2\nc,3\nd,4\n')
    with pytest.raises(SourceError, match=r"x\.csv, row that begins in line 3: .*is a double quote not closed"):
        opening.read(tmp_path / "x.csv")
