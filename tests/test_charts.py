"""Figures of the report: names that are long or many."""

from html import unescape
from pathlib import Path

from gencls.report import charts
from gencls.report.results import Arm


def arm(classes: int) -> Arm:
    """Right on one row of each class, wrong on one of the first."""
    counts = [[int(g == p) + int(g == 0 and p == 1) for p in range(classes)] + [0] for g in range(classes)]
    return Arm("rl", "zero_shot/reinforce_pp_baseline", {"confusion": counts}, Path(), "zero_shot", "perplexity")  # type: ignore[typeddict-item]


def test_long_labels_stay_apart_in_the_confusion_and_take_a_part_of_its_width() -> None:
    path = "Electronics > Computers & Tablets > Laptops and Notebooks > "
    svg = charts.confusion(arm(3), [path + "Gaming", path + "Office", "x" * 400])
    assert svg is not None
    assert "> Gaming<" in unescape(str(svg)) and "> Office<" in unescape(str(svg)), "paths differ at their end"
    assert float(svg.split('width="')[1].split('"')[0]) < 700


def test_labels_that_are_the_same_without_their_middle_are_shown_whole() -> None:
    same = ["a" * 30 + middle + "b" * 30 for middle in "xy"]
    svg = charts.confusion(arm(3), [*same, "c"])
    assert svg is not None and all(f">{label}<" in svg for label in same)


def test_more_classes_than_anybody_reads_are_not_drawn() -> None:
    assert charts.confusion(arm(charts.MOST_CLASSES + 1), [f"class {i}" for i in range(charts.MOST_CLASSES + 1)]) is None


def test_an_arm_has_its_whole_title_beside_its_interval() -> None:
    test = {"accuracy": 0.5, "accuracy_ci": [0.4, 0.6], "macro_f1": 0.5, "macro_f1_ci": [0.4, 0.6]}
    one = Arm("rl", "zero_shot/reinforce_pp_baseline", test, Path(), "three_most_similar_examples", "perplexity")  # type: ignore[arg-type]
    assert f">{one.title}<" in charts.intervals([one], "accuracy", None)
