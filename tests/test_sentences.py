"""The sentences of the report say what was found, also when that is nothing."""

import re
from pathlib import Path

import pandas as pd
import pytest

from gencls import metrics, selection
from gencls.report import charts, sentences
from gencls.report.grid import Row, switches
from gencls.report.results import Arm, Results
from gencls.selection import Cell

UNDER = {"sft/zero_shot": "zero_shot", "sft/similar_3": "similar_3", "rl/zero_shot/grpo": "zero_shot", "rl/zero_shot/sft": "zero_shot"}


def results(*cells: tuple[str, str, str, float, float]) -> Results:
    """Of (model, inference strategy, decoding, accuracy on validation, on test); roles as the pipeline gives them."""
    made, measured = [], {}
    for model, infer, decoding, validation, test in cells:
        cell = Cell(*model.split("/", 1), infer, decoding, validation, validation)
        made.append(cell)
        measured[cell.key] = Arm(cell.trainer, cell.name, record(test), Path("absent.csv"), infer, decoding)
    roles = selection.roles(made, UNDER)
    baselines = [Arm("baseline", name, record(test), Path("absent.csv")) for name, test in (("majority", 0.3), ("tfidf_logreg", 0.8))]
    return Results(baselines, {role: measured[cell.key] for role, cell in roles.items()}, [])


def record(accuracy: float) -> dict:
    """A record of which only the accuracies matter."""
    return {"rows": 100, "accuracy": accuracy, "accuracy_ci": [accuracy] * 2, "macro_f1": accuracy, "macro_f1_ci": [accuracy] * 2}


def paired(difference: float, p: float) -> dict:
    ci = [difference - 0.01, difference + 0.01]
    return {key: {"difference": difference, "ci": ci, "p": p} for key in ("accuracy", "macro_f1", "relative")}


def found(measured: Results, difference: float = 0.02, p: float = 0.01) -> str:
    return "\n".join(sentences.findings(measured, dict.fromkeys(measured.pairs, paired(difference, p))))


NAIVE = ("sft/zero_shot", "zero_shot", "trie", 0.8, 0.9)
TRAINED = ("sft/similar_3", "similar_3", "trie", 0.85, 0.91)
SWITCHED = ("sft/similar_3", "zero_shot", "perplexity", 0.86, 0.92)
RL = ("rl/zero_shot/grpo", "zero_shot", "trie", 0.87, 0.93)
CONTROL = ("rl/zero_shot/sft", "zero_shot", "trie", 0.81, 0.905)


def test_each_choice_of_the_recipe_has_its_sentence():
    text = found(results(NAIVE, TRAINED, SWITCHED, RL))
    assert "Naive SFT has 90.0\u00a0%: a difference of +2.0 points [+1.0,\u00a0+3.0], p = 0.01, more than chance explains." in text
    gain = "+2.00\u00a0% [+1.00,\u00a0+3.00]"
    assert f"{gain} for the best cell, {gain} without RL (sft/similar_3 with zero_shot prompts and perplexity decoding)." in text
    assert "mean over its seven data sets" in text
    assert "Choice of the training strategy: sft/zero_shot → sft/similar_3, 90.0\u00a0% → 91.0\u00a0%, a difference of" in text
    assert "inference: sft/similar_3 · similar_3 · trie → sft/similar_3 · zero_shot · perplexity, 91.0\u00a0% → 92.0\u00a0%" in text
    assert "The best baseline, tfidf_logreg, has 80.0\u00a0%" in text
    assert "RL helped: sft/zero_shot → rl/zero_shot/grpo, 90.0\u00a0% → 93.0\u00a0%" in text
    assert "continued SFT" not in text


def test_the_choice_is_made_on_validation_and_not_on_test():
    measured = results(NAIVE, ("sft/similar_3", "similar_3", "trie", 0.7, 0.99))
    assert sentences.headline(measured).startswith("Best on validation: sft/zero_shot with zero_shot prompts and trie decoding.")
    assert measured.best_baseline.name == "tfidf_logreg"


def test_where_naive_sft_is_the_best_nothing_is_claimed():
    text = found(results(NAIVE), 0.0, 1.0)
    assert "It is naive SFT itself" in text
    assert "on validation none is better than naive SFT" in text
    assert "on validation none is better than those of the training" in text
    assert "GenCLS++ reports" not in text


def test_without_naive_sft_the_other_sentences_stay():
    text = found(results(TRAINED, SWITCHED))
    assert "is not known" in text
    assert "Choice of the training strategy" not in text
    assert "Choice of prompts and decoding at inference: sft/similar_3 · similar_3" in text


def test_a_difference_within_chance_is_called_that():
    measured = results(NAIVE, TRAINED)
    assert "+1.0 points [0.0,\u00a0+2.0], p = 0.40, within chance on this test set." in found(measured, 0.01, 0.4)
    assert "p < 0.001, more than chance explains." in found(measured, 0.01, 0.0004)
    assert "p = 0.01, worse by more than chance explains." in found(measured, -0.01, 0.01)


@pytest.mark.parametrize(
    ("difference", "p", "start"),
    [
        (0.02, 0.01, "RL helped:"),
        (0.0, 1.0, "RL did not help:"),
        (0.02, 0.3, "RL did not measurably help:"),
        (-0.02, 0.3, "RL did not help:"),
        (-0.02, 0.01, "RL made it worse:"),
    ],
)
def test_the_sentence_about_rl_is_honest(difference: float, p: float, start: str):
    measured = results(NAIVE, RL)
    sentence = sentences.against_warm_up(measured.roles["rl_grpo"], measured.roles["warm_up"], paired(difference, p))
    assert sentence.startswith(start)


def test_rl_is_also_compared_with_as_much_more_sft():
    text = found(results(NAIVE, RL, CONTROL))
    assert "Gain of rl/zero_shot/grpo over continued SFT (90.5\u00a0%): a difference of +2.0 points" in text
    assert "Continued SFT, the control of RL, helped: sft/zero_shot → rl/zero_shot/sft" in text
    assert text.count("over continued SFT") == 1


def row(tmp_path: Path, name: str, **right: int) -> Row:
    """An SFT model's row of the grid: of 100 validation rows the first so many are right under each strategy."""
    folder = tmp_path / name
    folder.mkdir()
    asked = {}
    for infer, count in right.items():
        asked[infer] = {"scores": {"trie": {"accuracy": count / 100, "macro_f1": count / 100}}}
        answers = ["a"] * count + ["b"] * (100 - count)
        frame = pd.DataFrame({"id": [str(i) for i in range(100)], "label": "a", "trie": answers})
        frame.to_csv(folder / f"{infer}.csv", index=False)
    cells = selection.cells({"trainer": "sft", "name": name, "cells": asked}, list(asked), ["trie"])
    return Row("sft", name, name, cells, asked, folder)


def test_a_switch_of_the_prompts_is_tested_and_corrected_for_every_strategy_that_was_compared(tmp_path: Path):
    table = [
        row(tmp_path, "zero_shot", zero_shot=50, similar_3=56, other=40),
        row(tmp_path, "similar_3", zero_shot=80, similar_3=60, other=60),
        row(tmp_path, "other", zero_shot=50, similar_3=50, other=70),
    ]
    made = switches(table, bootstrap=50, seed=7)
    assert [(switch.best.infer, switch.compared) for switch in made] == [("similar_3", 2), ("zero_shot", 2), ("other", 2)]
    assert [switch.found["p"] for switch in made] == pytest.approx([2 / 2**6, 2 / 2**20, 1.0], abs=1e-6)
    every = [2 / 2**6, 2 / 2**10, 2 / 2**20, 1.0, 2 / 2**20, 2 / 2**20]
    assert [switch.adjusted for switch in made] == pytest.approx([metrics.holm(every)[0], metrics.holm(every)[2], 1.0], abs=1e-5)
    assert made[0].adjusted == pytest.approx(2 * 2 / 2**6, abs=1e-5), "of six, four have a smaller p"
    text = sentences.switching(made)
    assert text.startswith("For 2 of 3 models another strategy than the one trained under is best; 1 of these gains is more than chance")
    assert "correction for all 6 comparisons" in text and "picked on the rows that it is compared on" in text


def test_the_heat_map_outlines_the_best_cell_of_each_row_and_marks_the_own_one_and_the_winner(tmp_path: Path):
    table = [
        row(tmp_path, "zero_shot", zero_shot=50, similar_3=56, other=40),
        row(tmp_path, "similar_3", zero_shot=59, similar_3=60, other=1),
    ]
    figure = str(charts.grid(table, "trie", "sft/similar_3 · similar_3 · trie"))
    marks = re.findall(r'<path d="M(\d+),(\d+)[^>]*fill-opacity="0"[^>]*(stroke-width="2"|stroke-dasharray)', figure)
    places = {kind: [(int(y) // 30, int(x) // 78) for x, y, found in marks if found == kind] for *_, kind in marks}
    assert places['stroke-width="2"'] == [(0, 1), (1, 1)], "row and column of the best"
    assert places["stroke-dasharray"] == [(0, 0), (1, 1)], "trained under"
    assert "60.0 ★" in figure and figure.count("★") == 1


def test_where_no_switch_helps_the_sentence_says_so(tmp_path: Path):
    made = switches([row(tmp_path, "zero_shot", zero_shot=60, similar_3=50)], bootstrap=50, seed=7)
    assert sentences.switching(made) == "Each model (1) is best under the strategy that it was trained under."


def test_one_strategy_or_an_own_one_that_is_not_asked_leaves_nothing_to_switch(tmp_path: Path):
    assert switches([row(tmp_path, "zero_shot", zero_shot=60)], bootstrap=50, seed=7) == []
    assert switches([row(tmp_path, "definitions", zero_shot=60, similar_3=50)], bootstrap=50, seed=7) == []


def test_rows_that_differ_are_not_compared(tmp_path: Path):
    made = row(tmp_path, "zero_shot", zero_shot=60, similar_3=70)
    made.answers("similar_3").iloc[1:].to_csv(made.folder / "similar_3.csv", index=False)
    with pytest.raises(ValueError, match="hold different rows"):
        switches([made], bootstrap=50, seed=7)


def test_corrections_are_counted_and_their_worth_is_said_with_a_test() -> None:
    paired = metrics.paired(["a"] * 20, ["a"] * 20, ["a"] * 10 + ["b"] * 10, bootstrap=50, seed=0)
    made = {"file": "data/corrections/ds.csv", "changed": 3, "dropped": 1, "confirmed": 0, "baseline": "tfidf_logreg", "paired": paired}
    text = sentences.corrections(made | {"before": {"accuracy": 0.5}, "after": {"accuracy": 1.0}})
    assert "3 training labels changed and 1 row dropped" in text
    assert "50.0\u00a0% → 100.0\u00a0% on test" in text and "more than chance explains" in text
