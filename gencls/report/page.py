"""From results to the page: one HTML file without any other file, the same bytes for the same inputs."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gencls.metrics import Paired
from gencls.report import charts, rows, words
from gencls.report.results import Arm, Results, compare
from gencls.report.svg import series_colours

PAIRS = 10
"""Pairs of classes listed as most often confused."""
SCORES = ("accuracy", "macro_f1", "log_loss", "ece", "invalid_share")
MEASURED: dict[charts.Measure, str] = {"accuracy": "Accuracy on test, %", "macro_f1": "Macro-F1 on test, %"}
STAGES = {
    "base": "Language-model pretraining of the builtin base",
    "head": "Classification head on the same base",
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


@dataclass(frozen=True)
class DataSet:
    """All that the page says about one data set."""

    name: str
    results: Results
    curves: dict[str, dict[str, pd.DataFrame]]
    """Stage → name → learning curve with a column `step`."""
    mining: dict[str, Any]
    """Summary of the mine stage."""
    validation: dict[str, Any]
    """Record of the validate stage."""
    validation_page: str
    """Link, relative to the report."""


@dataclass(frozen=True)
class Time:
    """What the cells of a stage took on this machine."""

    seconds: float
    timed: int
    """Cells whose time is known; the others came from the cache."""
    cells: int


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    data_sets: list[DataSet]
    parameters: str
    """YAML."""
    times: dict[str, list[Time]]
    """Stage → time per data set."""
    versions: dict[str, str]
    rows: int
    """Test rows listed per table."""
    bootstrap: int
    seed: int


def render(page: Page) -> str:
    """The page as HTML; everything that comes from data or parameters is escaped."""
    loader = PackageLoader("gencls.report", package_path="")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals["words"] = words
    style = resources.files("gencls.report").joinpath("style.css").read_text(encoding="utf-8")
    sections = [_section(page, data_set) for data_set in page.data_sets]
    return environment.get_template("page.html").render(page=page, style=Markup(style), sections=sections)


def scores(page: Page) -> dict[str, dict[str, dict[str, float]]]:
    """Data set → arm → its numbers on test, for `dvc metrics`: baselines, every model at its best on validation, and naive SFT."""
    return {data_set.name: {name: _scores(arm) for name, arm in _scored(data_set.results).items()} for data_set in page.data_sets}


def _scored(results: Results) -> dict[str, Arm]:
    arms = {arm.model: arm for arm in results.baselines} | results.chosen
    return arms | ({"naive": results.naive} if results.naive else {})


def _scores(arm: Arm) -> dict[str, float]:
    """Unknown ones (no probabilities under this decoding) are left out."""
    return {score: value for score in SCORES if (value := arm.test[score]) is not None}  # type: ignore[literal-required]


def _section(page: Page, data_set: DataSet) -> dict[str, Any]:
    """What the template needs for one data set."""
    results = data_set.results
    winner = results.winner
    taught = [arm for arm in results.shown if arm.name != "majority"]
    asked = [*(arm for arm in results.baselines if arm.name != "majority"), *results.chosen.values()]
    versus_naive = _compare(page, winner, results.naive)
    versus_baseline = compare(winner, results.best_baseline, bootstrap=page.bootstrap, seed=page.seed)
    return {
        "data_set": data_set,
        "winner": winner,
        "versus_naive": versus_naive,
        "versus_baseline": versus_baseline,
        "headline": words.headline(results),
        "sentences": [
            words.against_naive(results, versus_naive),
            words.against_baseline(results, versus_baseline),
            *(_about_rl(page, results, arm) for arm in results.chosen.values() if arm.trainer == "rl"),
        ],
        "arms": [(arm, _roles(results, arm), _compare(page, arm, results.naive)) for arm in results.shown],
        "intervals": [(name, charts.intervals(taught, measure, results.naive)) for measure, name in MEASURED.items()],
        "grids": [(decoding, charts.grid(results, decoding)) for decoding in dict.fromkeys(arm.decoding for arm in results.cells)],
        "curves": [_curves(stage, series) for stage, series in data_set.curves.items()],
        "confusion": charts.confusion(winner, results.labels),
        "confused": rows.confusions(winner.test, results.labels, PAIRS),
        "classes": sorted(winner.test["per_class"].items(), key=lambda item: (item[1]["f1"], item[0])),
        "asked": len(asked),
        "hardest": rows.hardest(winner, asked, page.rows),
        "confidently_wrong": rows.confidently_wrong(winner, asked, page.rows),
    }


def _compare(page: Page, arm: Arm, other: Arm | None) -> Paired | None:
    """None where there is nothing to compare with."""
    if other is None or arm.title == other.title:
        return None
    return compare(arm, other, bootstrap=page.bootstrap, seed=page.seed)


def _roles(results: Results, arm: Arm) -> list[str]:
    """Why an arm is in the table."""
    best, chosen, own = results.winner.title, _titles(results.chosen), _titles(results.own)
    roles = {
        "best": arm.title == best,
        "best of its model": arm.title in chosen and arm.title != best,
        "as trained": arm.title in own,
        "naive SFT": results.naive is not None and arm.title == results.naive.title,
    }
    return [role for role, holds in roles.items() if holds]


def _titles(arms: dict[str, Arm]) -> set[str]:
    return {arm.title for arm in arms.values()}


def _about_rl(page: Page, results: Results, arm: Arm) -> str:
    warm_up = results.warm_up(arm.model)
    return words.rl_against_warm_up(arm, warm_up, compare(arm, warm_up, bootstrap=page.bootstrap, seed=page.seed))


def _curves(stage: str, series: dict[str, pd.DataFrame]) -> dict[str, Any]:
    measures = [column for column in next(iter(series.values())).columns if column not in ("step", "epoch")]
    return {
        "title": STAGES[stage],
        "legend": list(zip(series, series_colours(list(series)), strict=True)) if len(series) > 1 else [],
        "figures": [(MEASURES.get(measure, measure), charts.curve(series, measure)) for measure in measures],
    }
