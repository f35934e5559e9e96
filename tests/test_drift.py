"""What is kept of new rows, and how they are compared with validation: numbers by hand and scipy's own."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gencls.bundle import BundleError
from gencls.drift import measures, page, reading, reference
from gencls.drift.reading import Readings

KNOWN = reading.known(["late parcel", "Late refund now", "parcel and refund"], "en")
LIMITS = {"labels": 0.25, "confidence": 0.2, "abstained": 0.1, "unseen_characters": 0.01, "unseen_tokens": 0.1}


def readings(n: int, *, shift: float = 0.0, labels: str = "ab", text: str = "late parcel") -> Readings:
    found = Readings(KNOWN)
    for i in range(n):
        confidence = (i + 0.5) / n * (1 - shift)
        found.add(f"row {i}", text, labels[i % len(labels)], confidence, abstained=confidence < 0.1)
    return found


def test_tokens_of_a_single_training_text_are_not_known_and_white_space_is_no_character() -> None:
    assert KNOWN.tokens == {"late": 2, "parcel": 2, "refund": 2}
    assert KNOWN.characters == "".join(sorted(set("lateparcelLaterefundnowparcelandrefund")))


def test_chinese_tokens_are_pairs_of_neighbouring_characters() -> None:
    assert reading.tokens("退款，在哪里 A", "zh") == ["退款", "在哪", "哪里", "a"]


def test_bits_are_the_mean_surprise_with_one_added_to_each_count() -> None:
    total = 2 + 2 + 2 + 3 + 1  # three known tokens and one place for all others, one added to each
    assert KNOWN.bits(["late", "zebra"]) == pytest.approx((math.log2(total / 3) + math.log2(total)) / 2)
    assert KNOWN.bits([]) == KNOWN.bits(["zebra"])


def test_a_row_is_read_into_shares_of_what_training_never_showed() -> None:
    found = Readings(KNOWN)
    found.add("row 1", "late zzbr", None, 0.0, abstained=True)
    found.add("row 2", " \n", "a", 0.5, abstained=False)
    frame = found.frame()
    assert frame["predicted"].isna().tolist() == [True, False] and tuple(frame.columns) == reading.COLUMNS
    assert frame["unseen_characters"].tolist() == [0.375, 0.0], "z, z and b of eight characters"
    assert frame["unseen_tokens"].tolist() == [0.5, 0.0]


def test_the_ten_strangest_rows_are_kept_the_strangest_first_and_of_equals_the_earlier() -> None:
    found = Readings(KNOWN)
    for i in range(40):
        found.add(f"row {i}", "zebra" if i in (7, 30) else "late " * i + "quagga", "a", 0.5, abstained=False)
    assert [row.place for row in found.unlike[:3]] == ["row 0", "row 7", "row 30"] and len(found.unlike) == 10


def test_the_stability_index_has_the_value_of_its_formula() -> None:
    old, new = np.array([70, 30]), np.array([40, 60])
    shares = [(70.5 / 101, 40.5 / 101), (30.5 / 101, 60.5 / 101)]
    assert measures.stability_index(old, new) == pytest.approx(sum((n - o) * math.log(n / o) for o, n in shares))
    assert measures.stability_index(old, 10 * old) == pytest.approx(0, abs=1e-4)
    assert math.isfinite(measures.stability_index(np.array([9, 0]), np.array([0, 9])))


def test_the_chi_square_test_is_that_of_scipy_with_rare_labels_taken_together() -> None:
    old, new = np.array([60, 35, 3, 2]), np.array([40, 50, 4, 6])
    expected = stats.chi2_contingency([[60, 35, 5], [40, 50, 10]], correction=False).pvalue
    assert measures.chi_square(old, new) == pytest.approx(expected)
    assert measures.chi_square(np.array([50]), np.array([9])) == 1.0
    assert measures.chi_square(np.array([2, 1]), np.array([1, 2])) == 1.0, "too few rows to say anything"
    assert measures.chi_square(np.array([490, 10]), np.array([8, 2])) == 1.0, "a single label that is rare is no bin of its own"


def test_confidence_is_compared_by_the_largest_distance_of_the_distributions() -> None:
    effect, p = measures.kolmogorov_smirnov(np.linspace(0, 1, 200), np.linspace(0.3, 1.3, 100))
    assert effect == pytest.approx(0.3, abs=0.01) and p < 1e-4


def test_a_rise_is_tested_as_welch_does_and_without_spread_by_equality() -> None:
    old, new = np.array([0.0, 0.1, 0.2, 0.1, 0.1]), np.array([0.4, 0.5, 0.3, 0.4, 0.4])
    effect, p = measures.rise(old, new)
    assert effect == pytest.approx(0.3) and p == pytest.approx(stats.ttest_ind(new, old, equal_var=False).pvalue)
    assert measures.rise(np.zeros(5), np.zeros(9)) == (0.0, 1.0)
    assert measures.rise(np.zeros(5), np.ones(9)) == (1.0, 0.0)
    assert measures.rise(np.zeros(5), np.ones(4)) == (1.0, 1.0), "four rows may be equal by chance"


def compared(validation: Readings, new: Readings) -> dict[str, measures.Measure]:
    return {m.name: m for m in measures.compare(validation.frame(), new.frame(), LIMITS, 0.01)}


def test_rows_like_those_of_validation_exceed_nothing() -> None:
    found = list(compared(readings(300), readings(100)).values())
    assert not any(m.exceeded for m in found) and measures.sentence(found) == "no measure is above its threshold"


def test_what_differs_is_named_with_its_threshold() -> None:
    found = compared(readings(300), readings(100, shift=0.6, labels="bbbc", text="ÿÿ zebra"))
    assert {name for name, m in found.items() if m.exceeded} == set(LIMITS)
    said = measures.sentence(list(found.values()))
    assert re.match(
        r"drift: shift of the label distribution \d\.\d{3} is above score\.labels 0\.25, shift of the confidence 0\.6\d\d is above", said
    )


def test_a_large_effect_in_few_rows_is_chance() -> None:
    few = compared(readings(300), readings(3, labels="b"))["labels"]
    assert few.effect > few.limit and not few.exceeded


def test_a_reference_comes_back_as_it_was_written_with_the_same_bytes(tmp_path: Path) -> None:
    made = reference.Reference(KNOWN, readings(30).frame())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made.write(tmp_path / name)
    assert {f.name: f.read_bytes() for f in (tmp_path / "a").iterdir()} == {f.name: f.read_bytes() for f in (tmp_path / "b").iterdir()}
    found = reference.Reference.read(tmp_path / "a")
    assert found.known == KNOWN
    pd.testing.assert_frame_equal(found.validation, made.validation)
    (tmp_path / "a" / reference.KNOWN).write_text("{}")
    with pytest.raises(BundleError, match="damaged"):
        reference.Reference.read(tmp_path / "a")
    (tmp_path / "a" / reference.KNOWN).unlink()
    with pytest.raises(BundleError, match=r"known\.json is missing, with which new rows are compared; make the bundle again"):
        reference.Reference.read(tmp_path / "a")


def test_the_page_is_whole_and_escapes_what_comes_from_data() -> None:
    new = readings(50, labels="<b", text="<script>alert(1)</script>")
    found = measures.compare(readings(300).frame(), new.frame(), LIMITS, 0.01)
    files = [("in<.csv", 50, 1)]
    html = page.render(page.Page("m", "cell", files, readings(300).frame(), new.frame(), found, new.unlike))
    assert "<script>" not in html and "&lt;script&gt;" in html and "in&lt;.csv" in html
    assert "http" not in html and html.count(">above</span>") == 3
    assert "3 of 5 measures are\nabove the threshold: predicted labels, unseen characters per text, unseen tokens per text." in html
