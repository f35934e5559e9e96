"""Which columns of a file to predict are the text."""

import pytest

from gencls.predict.text import ColumnError, find


@pytest.mark.parametrize("first", ["where is my parcel?", "快递一直没有送到，请问什么时候可以收到"])
def test_the_first_text_of_a_file_without_a_header_is_no_column(first: str) -> None:
    with pytest.raises(
        ColumnError,
        match=r"in\.csv: its only column is called .*, as where the first line is a text already; put `text` above it, or say --text",
    ):
        find(None, "text", [first], "in.csv", "--text")
    assert find(first, "text", [first], "in.csv", "--text").said == first
    assert find(None, first, [first], "in.csv", "--text").said == first
    assert [find(None, "text", [name], "in.csv", "--text").said for name in ("Text", "sentence", "标题")] == ["Text", "sentence", "标题"]


def test_a_model_of_a_file_without_a_header_says_what_to_do() -> None:
    with pytest.raises(
        ColumnError, match="it is the place of a column, from a file without a header: put a line with names above the rows, 1 for"
    ):
        find(None, "1", ["where is my parcel?", "shipping"], "in.csv", "--text")
