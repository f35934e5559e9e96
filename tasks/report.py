"""report: what every enabled cell of the DAG left under reports/ → reports/report.html, metrics.json, results/ and confusion/.

Only cells that params.yaml enables are read: what lies in the folders may be left over from a strategy that is gone.
"""

import os
import platform
from importlib import metadata
from io import StringIO
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from gencls.params import Params
from gencls.report import page, records, section
from gencls.report.grid import read_row
from gencls.report.reasoning import Reasoning, told
from gencls.report.results import Results, read_baselines, read_final
from gencls.report.rl import Cost
from tasks import paths, stage

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "numpy", "pandas", "great_expectations", "dvc")


def main(params: Params) -> None:
    """Write the page for people and the numbers for `dvc metrics` and for tables over runs."""
    try:
        data_sets = [_data_set(params, ds) for ds in params.datasets]
    except FileNotFoundError as error:
        raise stage.StageError(f"{error.filename}: no such file; dvc repro makes it") from None
    evaluate = params.evaluate
    settings = page.Settings(params.report.rows, evaluate.bootstrap, evaluate.bins, evaluate.precision, params.seed)
    paired = {data_set.name: section.paired(data_set.results, settings) for data_set in data_sets}
    content = page.Page(
        title=params.report.title,
        sections=[section.section(data_set, paired[data_set.name], settings) for data_set in data_sets],
        parameters=_yaml(params),
        times={name: [_time(name, ds, cells) for ds in params.datasets] for name, cells in _cells(params).items()},
        versions={"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
        bootstrap=evaluate.bootstrap,
    )
    with stage.writing(paths.REPORT) as file:
        file.write_text(page.render(content), encoding="utf-8")
    with stage.writing(paths.METRICS) as file:
        stage.write_json({data_set.name: records.scores(data_set.results) for data_set in data_sets}, file)
    with stage.writing(paths.RESULTS) as folder:
        folder.mkdir()
        for found in data_sets:
            about = {"data_set": found.name, "study": params.report.study, "seed": params.seed, "base": params.model.base}
            about |= {"rows": found.validation["rows"], "trained": params.grid.train}
            if found.reasoning:
                about["rationales"] = told(found.reasoning.summary)
            arms = stage.reasoning_arms(params)
            record = records.record(found.results, reasoning=arms, costs=found.rl, about=about)
            stage.write_json(record, folder / f"{found.name}.json")
    with stage.writing(paths.CONFUSION) as folder:
        folder.mkdir()
        for data_set in data_sets:
            _write_confusion(data_set, folder / f"{data_set.name}.csv")
    print(f"report: {paths.REPORT.resolve().as_uri()}")


def _data_set(params: Params, ds: str) -> page.DataSet:
    strategies = {name: params.strategies[name] for name in dict.fromkeys((*params.grid.train, *params.grid.infer))}
    defined = any(strategy.definitions for strategy in strategies.values())
    arms = stage.reasoning_arms(params)
    curves = {kind: _curve(kind, ds, [""]) for kind in ("base", "head", *(["reasoner"] if arms else []))}
    curves |= {"sft": _curve("sft", ds, params.grid.train), "rl": _curve("rl", ds, stage.rl_models(params))}
    return page.DataSet(
        name=ds,
        results=_results(params, ds),
        uncertain=[name for name in params.grid.infer if strategies[name].uncertain],
        curves={kind: series for kind, series in curves.items() if series},
        mining=stage.read_json(paths.mining(ds)),
        mining_page=os.path.relpath(paths.mining_page(ds), paths.REPORT.parent),
        validation=stage.read_json(paths.validation_json(ds)),
        validation_page=os.path.relpath(paths.validation_page(ds), paths.REPORT.parent),
        definitions=stage.read_json(paths.definitions(ds)) if defined else None,
        corrections=stage.read_json(paths.baseline_corrections(ds)) if paths.baseline_corrections(ds).exists() else None,
        reasoning=_reasoning(params, ds),
        rl={name: _cost(ds, name, curve) for name, curve in curves["rl"].items()},
        reasoned=[name for name in params.grid.train if params.strategies[name].reasons],
    )


def _reasoning(params: Params, ds: str) -> Reasoning | None:
    arms = {name: params.strategies[name] for name in stage.reasoning_arms(params)}
    return Reasoning(arms, stage.read_json(paths.rationalising(ds)), params.rationalise.keep) if arms else None


def _cost(ds: str, name: str, curve: pd.DataFrame) -> Cost:
    """Of an RL model, `zero_shot/grpo`."""
    return Cost(int(curve["samples"].iloc[-1]), stage.trained_seconds("rl", ds, name))


def _results(params: Params, ds: str) -> Results:
    models = stage.trained_under(params)
    enabled = (params.grid.infer, params.grid.decoding)
    grid = [read_row(paths.evaluation(ds, *model.split("/", 1)), strategy, *enabled) for model, strategy in models.items()]
    return Results(read_baselines(paths.baseline(ds), paths.head(ds)), read_final(paths.final(ds)), grid)


def _write_confusion(data_set: page.DataSet, file: Path) -> None:
    frame = data_set.results.winner.predictions[["label", "predicted"]]
    frame.replace({"predicted": {"": "(outside)"}}).to_csv(file, index=False, lineterminator="\n")


def _cells(params: Params) -> dict[str, list[tuple[str, ...]]]:
    """Stage → what follows the data set's name in each of its cells."""
    once: list[tuple[str, ...]] = [()]
    return {
        **dict.fromkeys(("ingest", "validate", "base", "mine", "define", "neighbours", "reasoner", "rationalise"), once),
        "render": [(name,) for name in params.strategies],
        "baseline": once,
        "head": once,
        "sft": [(name,) for name in params.grid.train],
        "rl": [(name,) for name in stage.rl_models(params)],
        "ask": once,
        "evaluate": [tuple(model.split("/", 1)) for model in stage.trained_under(params)],
        "final": once,
    }


def _time(name: str, ds: str, cells: list[tuple[str, ...]]) -> page.Time:
    files = [paths.timing(name, ds, *cell) for cell in cells]
    recorded = [stage.read_json(file)["seconds"] for file in files if file.exists()]
    known = [seconds for seconds in recorded if seconds is not None]
    return page.Time(sum(known), len(known), len(cells))


def _curve(kind: str, ds: str, names: list[str]) -> dict[str, pd.DataFrame]:
    """Name → learning curve; a base that was not trained here has none."""
    frames = {name: pd.read_csv(paths.curve(kind, ds, name or None)) for name in names}
    return {name: frame for name, frame in frames.items() if len(frame)}


def _yaml(params: Params) -> str:
    """All parameters that a stage read, with their defaults, so that the page tells what ran without gencls/params."""
    text = StringIO()
    YAML().dump(params.model_dump(by_alias=True, exclude={"score"}), text)
    return text.getvalue()


if __name__ == "__main__":
    stage.run(main)
