import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from gencls.params import FilesDataSet, SplitFiles
from gencls.sources import SourceError, read
from gencls.sources.rows import digest

ROWS = [
    ("plain", "a"),
    ("NA", "null"),
    ('with, comma; "quotes"\tand tab', "b"),
    ("two\nlines", "a"),
    ("U+2028 \u2028 inside", "b"),
    ("为什么", "类"),
    ("  outer space ", "a"),
]
"""Texts that a careless reader changes."""


def spec(name: str, **keys: object) -> FilesDataSet:
    """All three splits from one file, so that no row is moved."""
    return FilesDataSet(source="files", files=SplitFiles(train=name, validation=name, test=name), **keys)  # type: ignore[arg-type]


def train(folder: Path, name: str, **keys: object) -> list[tuple[str | None, str | None]]:
    frame = read(spec(name, **keys), folder, seed=0)["train"].astype(object)
    frame = frame.where(frame.notna(), None)
    return list(zip(frame["text"], frame["label"], strict=True))


def write(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def write_rows(folder: Path, ending: str, rows: list[tuple[str, str]]) -> str:
    frame, path = pd.DataFrame(rows, columns=["text", "label"]), folder / f"rows.{ending}"
    if ending == "parquet":
        frame.to_parquet(path)
    elif ending == "jsonl":
        path.write_text("".join(json.dumps({"text": t, "label": lab}, ensure_ascii=False) + "\n" for t, lab in rows), encoding="utf-8")
    else:
        frame.to_csv(path, sep="," if ending == "csv" else "\t", index=False)
    return path.name


def error(folder: Path, name: str, **keys: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(spec(name, **keys), folder, seed=0)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_rows_come_back_unchanged_from_every_format(tmp_path: Path, ending: str) -> None:
    assert train(tmp_path, write_rows(tmp_path, ending, ROWS)) == ROWS


def test_every_format_has_the_same_digest_and_ids(tmp_path: Path) -> None:
    frames = [read(spec(write_rows(tmp_path, ending, ROWS)), tmp_path, seed=0)["test"] for ending in ("csv", "tsv", "jsonl", "parquet")]
    assert len({digest(frame) for frame in frames}) == 1
    assert all(list(frame.columns) == ["id", "text", "label"] for frame in frames)
    assert frames[0]["id"].tolist()[:2] == ["test-00000", "test-00001"]


def test_the_digest_depends_on_order_and_on_what_is_missing() -> None:
    frame = pd.DataFrame({"text": ["x", "y"], "label": ["a", None]}, dtype="str")
    others = [frame.iloc[::-1], frame.fillna(""), frame.fillna("None")]
    assert digest(frame) not in {digest(other) for other in others}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_text(tmp_path: Path, mark: bytes, line_end: str) -> None:
    table = line_end.join(["text,label", "é,a", ""]).encode()
    lines = line_end.join(['{"text": "é", "label": "a"}', "", ""]).encode()
    assert train(tmp_path, write(tmp_path, "x.csv", mark + table)) == [("é", "a")]
    assert train(tmp_path, write(tmp_path, "x.jsonl", mark + lines)) == [("é", "a")]


def test_an_empty_cell_is_a_missing_value(tmp_path: Path) -> None:
    name = write(tmp_path, "x.csv", "text,label\n,a\nx,\n")
    assert train(tmp_path, name) == [(None, "a"), ("x", None)]
    name = write(tmp_path, "x.jsonl", '{"text": null, "label": "a"}\n{"text": "x"}\n{"text": "", "label": ""}\n')
    assert train(tmp_path, name) == [(None, "a"), ("x", None), (None, None)]


def test_numbers_and_booleans_become_text_as_in_json(tmp_path: Path) -> None:
    name = write(tmp_path, "x.jsonl", '{"text": 1.5, "label": 0}\n{"text": "x", "label": true}\n')
    assert train(tmp_path, name) == [("1.5", "0"), ("x", "true")]
    pq.write_table(pa.table({"text": ["x", "y"], "label": pa.array([3, None])}), tmp_path / "x.parquet")
    assert train(tmp_path, "x.parquet") == [("x", "3"), ("y", None)]


def test_a_template_joins_columns_and_knows_no_nan(tmp_path: Path) -> None:
    name = write(tmp_path, "x.csv", "old side,new,label\n,b,L\na,,L\n,,L\n")
    texts = [text for text, _ in train(tmp_path, name, text="OLD: {old side}\nNEW: {new} {{}}")]
    assert texts == ["OLD: \nNEW: b {}", "OLD: a\nNEW:  {}", "OLD: \nNEW:  {}"]


@pytest.mark.parametrize("text", ["{old", "{}", "{old!r}", "{old:>9}", "{{old}}: {{new}}"])
def test_a_wrong_template_is_one_error(tmp_path: Path, text: str) -> None:
    name = write(tmp_path, "x.csv", "old,label\na,L\n")
    message = error(tmp_path, name, text=text)
    assert f"the template {text!r} is wrong" in message and ("write {subject}, not {{subject}}" in message) == ("{{" in text)


def test_a_missing_column_names_file_column_and_what_is_there(tmp_path: Path) -> None:
    name = write(tmp_path, "x.csv", "sentence, label\na,L\n")
    message = error(tmp_path, name)
    assert "x.csv: no column 'text'" in message
    assert "'sentence', 'label'" in message
    assert "no column 'new'" in error(tmp_path, name, text="{sentence} {new}")
    frame = pd.DataFrame({"sentence": ["a"], "label": ["L"]})
    frame.to_parquet(tmp_path / "x.parquet")
    assert "no column 'text'" in error(tmp_path, "x.parquet")


@pytest.mark.parametrize(("header", "delimiter"), [("text;label", "';'"), ("text\tlabel", r"'\t'"), ("text|label", "'|'")])
def test_a_wrong_delimiter_is_recognised(tmp_path: Path, header: str, delimiter: str) -> None:
    message = error(tmp_path, write(tmp_path, "x.csv", f"{header}\nx\n"))
    assert "only one column" in message
    assert f"separated by {delimiter}" in message


def test_the_delimiter_can_be_set_and_so_can_the_format(tmp_path: Path) -> None:
    name = write(tmp_path, "x.txt", "text;label_name\nhello, you;joy\n")
    assert train(tmp_path, name, format="csv", delimiter=";", label="label_name") == [("hello, you", "joy")]
    assert "set format to one of" in error(tmp_path, name)


def test_a_double_quote_may_be_a_character_like_any_other(tmp_path: Path) -> None:
    write(tmp_path, "x.tsv", 'text\tlabel\n"hello\tjoy\n"you"\tfear\n')
    assert train(tmp_path, "x.tsv", quoting=False) == [('"hello', "joy"), ('"you"', "fear")]
    assert "is a double quote not closed" in error(tmp_path, "x.tsv")


def test_blanks_around_a_label_are_no_part_of_it(tmp_path: Path) -> None:
    assert train(tmp_path, write(tmp_path, "x.csv", "text, label\n hello, joy \nyou, \n")) == [(" hello", "joy"), ("you", None)]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"'])
def test_the_line_that_tells_excel_the_delimiter_is_no_header(tmp_path: Path, line: str) -> None:
    name = write(tmp_path, "x.csv", f"\ufeff{line}\r\ntext;label\r\na;L\r\nb;c;L\r\n")
    assert "line 4: 3 cells, the header has 2" in error(tmp_path, name, delimiter=";")
    name = write(tmp_path, "x.csv", f"{line}\r\ntext;label\r\na;L\r\n")
    assert train(tmp_path, name, delimiter=";") == [("a", "L")]
    assert "looks separated by ';'" in error(tmp_path, name)
    name = write(tmp_path, "x.csv", f"{line}\na;L\n")
    assert train(tmp_path, name, delimiter=";", header=False, text=1, label=2) == [("a", "L")]


def test_a_file_without_a_header_is_read_by_the_places_of_its_columns(tmp_path: Path) -> None:
    name = write(tmp_path, "x.csv", '\ufeffHousehold,"A lamp, ""small"""\nBooks, A novel \nBooks,\n')
    found = [('A lamp, "small"', "Household"), (" A novel ", "Books"), (None, "Books")]
    assert train(tmp_path, name, header=False, text=2, label=1) == found
    assert train(tmp_path, name, header=False, text="{1}: {2}", label="1")[0] == ('Household: A lamp, "small"', "Household")
    assert "no column 'text', which text: 'text' needs; columns there: '1', '2'" in error(tmp_path, name, header=False, label=1)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("x.csv", "a,b\nc,d,e\n", "line 2: 3 cells, the first row has 2"),
        ("x.csv", "a;b\n", "only one column, 'a;b', when split at ','; it looks separated by ';'"),
        ("x.csv", "", "no rows"),
        ("x.jsonl", '{"1": "a", "2": "b"}', "header: false and quoting: false are for csv and tsv; in jsonl every column has its name"),
    ],
)
def test_a_wrong_file_without_a_header_is_one_error(tmp_path: Path, file: str, content: str, expected: str) -> None:
    assert expected in error(tmp_path, write(tmp_path, file, content), header=False, text=2, label=1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text,label\na,L\nb, with comma,L\n", "line 3: 3 cells, the header has 2"),
        ('text,label\na,L\n"never closed,L\n', "double quote not closed"),
        ("text,text,label\na,b,L\n", "columns that occur twice: 'text'"),
        ("text,label\n", "no rows"),
    ],
)
def test_a_broken_csv_is_one_error_with_its_place(tmp_path: Path, content: str, expected: str) -> None:
    assert expected in error(tmp_path, write(tmp_path, "x.csv", content))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"text": "a", "label": "L"}\n{"text": "a", \n', "line 2: not JSON"),
        ('{"text": "a", "label": ' + "9" * 5000 + "}\n", "line 1: not JSON: Exceeds the limit"),
        ('{"text": "a", "label": ' + "[" * 100_000 + "}\n", "line 1: not JSON: maximum recursion depth"),
        ('[{"text": "a", "label": "L"}]', "line 1: expected one JSON object a line, got a list"),
        ('{"text": ["a"], "label": "L"}\n', "row 1, column 'text': expected text or a number, got list"),
        ('{"text": "cut \\ud83d", "label": "L"}\n', "half a character"),
        ("\n", "no rows"),
    ],
)
def test_a_broken_jsonl_is_one_error_with_its_place(tmp_path: Path, content: str, expected: str) -> None:
    assert expected in error(tmp_path, write(tmp_path, "x.jsonl", content))


def test_another_encoding_is_named_with_byte_line_and_hint(tmp_path: Path) -> None:
    name = write(tmp_path, "x.csv", "text,label\nplain,a\ncafé au lait,b\n".encode("windows-1252"))
    message = error(tmp_path, name)
    for part in ("x.csv is not utf-8", "byte 0xe9 at offset 22, line 3", "windows-1252 (there it reads 'café au lait,b')"):
        assert part in message
    assert train(tmp_path, name, encoding="windows-1252")[1] == ("café au lait", "b")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "为什么康乾盛世又称红薯盛世？"),
        ("utf-16", "为什么康乾盛世又称红薯盛世？"),
        ("euc_kr", "택배가 아직 오지 않았어요"),
        ("windows-1251", "Где моя посылка?"),
    ],
)
def test_the_hint_finds_the_encodings_of_other_scripts(tmp_path: Path, encoding: str, text: str) -> None:
    name = write(tmp_path, "x.csv", f"text,label\n{text},a\n".encode(encoding))
    assert encoding in error(tmp_path, name).split("set encoding")[1]
    assert train(tmp_path, name, encoding=encoding) == [(text, "a")]


def test_an_unknown_encoding_is_an_error(tmp_path: Path) -> None:
    assert "'utf8000' is unknown" in error(tmp_path, write(tmp_path, "x.csv", "text,label\n"), encoding="utf8000")


def test_a_missing_file_names_the_files_there(tmp_path: Path) -> None:
    write(tmp_path, "train.csv.dvc", "")
    assert "train.csv: no such file" in (message := error(tmp_path, "train.csv"))
    assert "train.csv.dvc" in message


def test_something_else_than_parquet_is_an_error(tmp_path: Path) -> None:
    assert "not a parquet file" in error(tmp_path, write(tmp_path, "x.parquet", "text,label\n"))


def test_other_rows_than_the_digest_names_are_an_error_with_both_digests(tmp_path: Path) -> None:
    name = write_rows(tmp_path, "jsonl", ROWS)
    right = digest(read(spec(name), tmp_path, seed=0)["test"])
    message = error(tmp_path, name, sha256={"train": right, "test": "0" * 64})
    assert f"test: expected {'0' * 64}" in message
    assert right in message
    assert "train:" not in message


def test_a_single_file_is_split_by_the_shares_of_the_parameters(tmp_path: Path) -> None:
    name = write_rows(tmp_path, "csv", [(f"{label} {i}", label) for label in "ab" for i in range(50)])
    frames = read(FilesDataSet(source="files", files=name, validation=0.2, test=0.1), tmp_path, seed=7)
    assert {split: len(part) for split, part in frames.items()} == {"train": 70, "validation": 20, "test": 10}
    assert frames["validation"]["id"].iloc[0] == "validation-00000"


def test_validation_is_held_out_of_the_training_file_where_none_is_named(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("text,label\n" + "".join(f"{name} {i},{'xy'[i % 2]}\n" for i in range(50)))
    spec = FilesDataSet(source="files", files=SplitFiles(train="a.csv", test="b.csv"), validation=0.2)
    frames = read(spec, tmp_path, seed=7)
    assert {split: len(part) for split, part in frames.items()} == {"train": 40, "validation": 10, "test": 50}
    assert set(frames["validation"]["text"].str[0]) == {"a"} and list(frames["test"]["text"].str[0].unique()) == ["b"]


def test_shares_that_leave_no_training_rows_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave no rows for training"):
        FilesDataSet(source="files", files="x.csv", validation=0.5, test=0.5)
