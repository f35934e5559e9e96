"""The marked rows as a person gets them: a page that shows what the data say and runs none of it, and a csv that a spreadsheet may open."""

from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from gencls import corrections
from gencls.formulas import defused
from gencls.mining import marks, page

HOSTILE = "</td><script>alert(1)</script> & <b>bold</b>"
TEXTS = [HOSTILE, '=HYPERLINK("http://x.test","y")', 'said "no",\nthen\rleft', "NA", " -1", "-1", "plain"]


def marked(texts: list[str], **columns: list[str]) -> pd.DataFrame:
    n = len(texts)
    content = {"id": [f"train-{i:05}" for i in range(n)], "text": texts, "label": ["a"] * n, "suggested": ["b"] * n}
    return pd.DataFrame({**content, "confidence": [i / n for i in range(n)], **columns})


def render(rows: pd.DataFrame, **changes: object) -> str:
    noise = {"rows": 4, "found": 2, "precision": 0.5, "recall": 0.5} if "clean_label" in rows else None
    summary = {"rows": 100, "marked": len(rows), "threshold": 0.25, "scorers": ["one", "two"], "noise": noise, **changes}
    labels = ["a"] * 90 + ["b"] * 10 + [HOSTILE] * 10
    return page.render(page.Page("toy", summary, labels, rows, csv="toy.csv", corrections="data/corrections/toy.csv"))


class Words(HTMLParser):
    """The elements of a page and what a reader sees, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip() and self.tags[-1] != "style":
            self.words.append(data.strip())


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1-cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a = b", "1 - 1", "mail@example.com", "'=1", "", "-5", "+1e3", "-.5"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_the_csv_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = marked(TEXTS, label=["+1", "null", "a", "a", "a", "a", "a"])
    for name in ("one.csv", "two.csv"):
        corrections.write(rows, tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.csv").read_bytes().startswith(b'\xef\xbb\xbf"id","text","label","suggested","confidence","new_label",')
    back = pd.read_csv(tmp_path / "one.csv", dtype=str, keep_default_na=False)
    assert list(back.columns) == ["id", "text", "label", "suggested", "confidence", "new_label", "drop", "who", "why"]
    assert list(back["text"]) == [f"'{text}" if text == TEXTS[1] else text for text in TEXTS]
    for column in ("id", "label", "suggested"):
        assert list(back[column]) == list(rows[column]), "what names the row and the label is left alone"
    assert back["confidence"].astype(float).tolist() == pytest.approx(rows["confidence"].tolist(), abs=1e-6)
    assert set(back[["new_label", "drop", "who", "why"]].to_numpy().ravel()) == {""}


def test_marked_rows_have_the_least_believable_first_and_equals_in_their_order() -> None:
    train = pd.DataFrame({"id": list("vwxyz"), "text": list("vwxyz"), "label": ["a"] * 5, "clean_label": ["a"] * 5})
    mined = pd.DataFrame({"confidence": [0.3, 0.1, 0.9, 0.3, 0.2], "suggested": ["b"] * 5, "uncertain": [True, True, False, True, True]})
    rows = marks.marked(train, mined)
    assert list(rows["id"]) == ["w", "z", "v", "y"]
    assert {"suggested", "confidence", "clean_label"} <= set(rows.columns)


def test_the_page_shows_what_the_texts_say_and_runs_none_of_it() -> None:
    text = render(marked(TEXTS, label=[HOSTILE] * 7, suggested=[HOSTILE] * 7, id=[HOSTILE] * 7))
    found = Words(text)
    assert "script" not in found.tags and "b" not in found.tags
    assert HOSTILE in found.words
    assert "http" not in text.replace("http://x.test", ""), "the page opens offline"


def test_the_page_says_which_labels_are_really_wrong_where_that_is_recorded() -> None:
    words = Words(render(marked(["first", "second"], clean_label=["a", "c"]))).words
    first, second = words.index("first"), words.index("second")
    assert first < second
    assert words[first + 1 : first + 5] == ["a", "b", "0.0\u00a0%", "right"]
    assert words[second + 1 : second + 6] == ["a", "b", "50.0\u00a0%", "wrong", "c"]
    assert "truth" not in Words(render(marked(["first"]))).words


def test_the_page_counts_pairs_and_classes() -> None:
    rows = marked(["x"] * 5, label=["a", "a", "a", "b", "b"], suggested=["b", "b", "a", "a", "c"], clean_label=["a", "b", "b", "b", "b"])
    words = Words(render(rows)).words
    pairs = words[words.index("Most frequent pairs") : words.index("Marked per class")]
    assert pairs[5:9] == ["a", "b", "2", "1"]
    assert pairs[9:13] == ["a", "none better", "1", "1"]
    classes = words[words.index("Marked per class") : words.index("Rows, least believable first")]
    assert classes[5:] == ["b", "10", "2", "20.0\u00a0%", "a", "90", "3", "3.3\u00a0%"]


def test_a_long_list_ends_and_says_how_many_there_are() -> None:
    text = render(marked([f"row number {i}" for i in range(page.ROWS + 20)]))
    assert "row number 499" in text and "row number 500" not in text
    assert "The first 500 of 520" in text


def test_a_long_text_is_shortened() -> None:
    assert "x" * page.LONGEST + " …" in render(marked(["x" * 1000]))


def test_a_page_without_marked_rows_is_a_page() -> None:
    assert "0 of 100 training rows are marked" in " ".join(render(marked([]), threshold=None).split())
