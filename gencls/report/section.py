"""What the template needs for one data set: tables as lists, figures as SVG, findings as sentences."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from gencls import selection
from gencls.metrics import Paired
from gencls.report import calibration_charts, charts, grid, reasoning, rl, rows, sentences
from gencls.report.calibrated import Calibrated, calibrated
from gencls.report.page import DataSet, Settings
from gencls.report.results import CONTROL, Arm, Results, compare
from gencls.report.svg import series_colours
from gencls.report.words import percent

PAIRS = 10
"""Pairs of classes listed as most often confused."""
MEASURED: dict[charts.Measure, str] = {"accuracy": "Accuracy on test, %", "macro_f1": "Macro-F1 on test, %"}
STAGES = {
    "base": "Language-model pretraining of the builtin base",
    "head": "Classification head on the same base",
    "reasoner": "Reasoning generator",
    "sft": "Supervised fine-tuning",
    "rl": "Reinforcement learning",
}
MEASURES = {
    "loss": "training loss",
    "train_loss": "training loss",
    "validation_loss": "validation loss",
    "validation_accuracy": "validation accuracy",
    "kl": "KL to the warm-up model",
    "dead_groups": "share of groups with one reward",
    "invalid": "share outside the label set",
}
"""Readable names of a curve's columns; others speak for themselves."""
AXES = ("step", "epoch", "samples")
"""Columns that say how far a run has come."""
ROLES = {
    "naive_sft": "naive SFT",
    "best_train": "best training strategy",
    "best_cell": "best without RL",
    "warm_up": "RL starts here",
    "best": "best",
}
"""What a role is called on the page; that of an RL model is plain from its name."""


def paired(results: Results, settings: Settings) -> dict[str, Paired]:
    """The comparisons of `results.pairs` on the test rows."""
    return {name: compare(a, b, bootstrap=settings.bootstrap, seed=settings.seed) for name, (a, b) in results.pairs.items()}


def section(data_set: DataSet, compared: dict[str, Paired], settings: Settings) -> dict[str, Any]:
    """`compared` is what `paired` gives."""
    results = data_set.results
    winner, taught = results.winner, results.taught
    return {
        "data_set": data_set,
        "winner": winner,
        "versus_naive": None if _same(winner, results.naive) else compared["best_vs_naive"],
        "gain": compared["best_vs_naive"]["relative"]["difference"] if results.naive else None,
        "versus_baseline": compared["best_vs_best_baseline"],
        "headline": sentences.headline(results),
        "sentences": sentences.findings(results, compared),
        "arms": [(arm, _roles(results, arm), _to_naive(results, arm, settings)) for arm in (*results.baselines, *results.cells)],
        "intervals": [(name, charts.intervals(taught, measure, results.naive)) for measure, name in MEASURED.items()],
        "grid": _grid(data_set, settings),
        "lengths": _lengths(results),
        "calibration": _calibration(calibrated(winner, bins=settings.bins), settings),
        "curves": [_curves(stage, series) for stage, series in data_set.curves.items()],
        "confusion": charts.confusion(winner, results.labels),
        "confused": rows.confusions(winner.test, results.labels, PAIRS),
        "classes": sorted(winner.test["per_class"].items(), key=lambda item: (item[1]["f1"], item[0])),
        "asked": len(taught),
        "reasoning": _reasoning(data_set, settings),
        "rl": rl.section(results, compared, data_set.rl, data_set.reasoned),
        "hardest": rows.hardest(winner, taught, settings.rows),
        "confidently_wrong": rows.confidently_wrong(winner, taught, settings.rows),
    }


def _reasoning(data_set: DataSet, settings: Settings) -> dict[str, Any] | None:
    if data_set.reasoning is None:
        return None
    return reasoning.section(data_set.reasoning, data_set.results, bootstrap=settings.bootstrap, seed=settings.seed)


def _same(arm: Arm, other: Arm | None) -> bool:
    """Or there is nothing to compare with."""
    return other is None or arm.title == other.title


def _to_naive(results: Results, arm: Arm, settings: Settings) -> Paired | None:
    if results.naive is None or _same(arm, results.naive):
        return None
    return compare(arm, results.naive, bootstrap=settings.bootstrap, seed=settings.seed)


def _roles(results: Results, arm: Arm) -> list[str]:
    """Why an arm is in the table, the most telling first."""
    own = [role for role in reversed(results.roles) if results.roles[role].title == arm.title]
    control = ["control of RL"] if arm.trainer == "rl" and arm.algorithm == CONTROL else []
    return [ROLES[role] for role in ("warm_up" if role.startswith("warm_up") else role for role in own) if role in ROLES] + control


def _grid(data_set: DataSet, settings: Settings) -> dict[str, Any]:
    """The heat maps, and what the choice of prompts at inference gives."""
    table, decodings = data_set.results.grid, list(next(iter(data_set.results.grid[0].asked.values()))["scores"])
    switches = grid.switches(table, bootstrap=settings.bootstrap, seed=settings.seed)
    offered = [(row.model, infer, row.asked[infer]["uncertain"]) for row in table for infer in data_set.uncertain]
    plain = selection.plain(table[0].cells)
    return {
        "figures": [(decoding, charts.grid(table, decoding, data_set.results.winner.title)) for decoding in decodings],
        "decodings": decodings,
        "plain": plain,
        "switches": switches,
        "switching": sentences.switching(switches) if switches else None,
        "uncertain": offered,
        "uncertainty": sentences.uncertain([shares[plain] for *_, shares in offered], plain) if offered else None,
    }


def _lengths(results: Results) -> dict[str, Any] | None:
    """Of naive SFT, or where the grid has none of the best cell; None where all labels have the same length."""
    arm = results.naive or results.winner
    found = grid.lengths(next(row for row in results.grid if row.model == arm.model), arm.infer)
    if found is None:
        return None
    decodings = list(found.table[0]["predicted"])
    return {
        "text": sentences.length_bias(found),
        "legend": list(zip(decodings, series_colours(decodings), strict=True)),
        "figure": calibration_charts.length_bias(found.table),
    }


def _calibration(found: Calibrated, settings: Settings) -> dict[str, Any]:
    stages = {"as scored": found.before, f"at temperature {found.temperature:.2f}": found.after}
    figures: list[tuple[str, Markup]] = [
        (f"Reliability {name}", calibration_charts.reliability(measured.bins, f"accuracy against confidence, {name}"))
        for name, measured in stages.items()
    ]
    answered = f", {percent(found.point['coverage'])} answered" if found.point else ""
    curve = calibration_charts.risk_coverage({"test": found.curve}, found.point)
    return {
        "text": sentences.calibration(found),
        "abstention": sentences.abstention(found, settings.precision),
        "stages": stages,
        "figures": [*figures, (f"Errors by coverage{answered}", curve)],
    }


def _curves(stage: str, series: dict[str, pd.DataFrame]) -> dict[str, Any]:
    measures = dict.fromkeys(column for frame in series.values() for column in frame.columns if column not in AXES)
    return {
        "title": STAGES[stage],
        "legend": list(zip(series, series_colours(list(series)), strict=True)) if len(series) > 1 else [],
        "figures": [(MEASURES.get(measure, measure), charts.curve(series, measure)) for measure in measures],
    }
