"""Similar examples: exact, and never the row itself."""

import numpy as np
import pytest
from conftest import rows

from gencls import neighbours
from gencls.neighbours import Neighbours

TEXTS = ["the parcel is late", "the parcel is very late", "i want my money back", "money back now", "the parcel is late", "hello there"]


def test_the_nearest_rows_come_first_and_a_row_never_sees_its_own_text() -> None:
    found = Neighbours(TEXTS).nearest(TEXTS, 2)
    for row, nearest in enumerate(found):
        assert all(TEXTS[i] != TEXTS[row] for i in nearest)
    assert found[0, 0] == 1
    assert found[2, 0] == 3
    assert found[3, 0] == 2


def test_outer_whitespace_does_not_hide_a_duplicate() -> None:
    assert 0 not in Neighbours(TEXTS).nearest(["  the parcel is late "], 3)[0]


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{text} {i}" for i, (text, _) in enumerate(rows(60))]
    whole = Neighbours(texts).nearest(texts, 5)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    np.testing.assert_array_equal(Neighbours(texts).nearest(texts, 5), whole)


def test_too_few_other_rows_are_an_error() -> None:
    with pytest.raises(ValueError, match="3 similar examples wanted, but only 1 training rows"):
        Neighbours(["a b", "a b", "c d"]).nearest(["a b"], 3)
