"""report: what every enabled cell of the DAG left under reports/ → reports/report.html, metrics.json and confusion/.

Only cells that params.yaml enables are read: what lies in the folders may be left over from a strategy that is gone.
"""

import json
import os
import platform
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from gencls.params import Params
from gencls.report import page
from gencls.report.results import Results, read_baselines, read_cell
from tasks import paths, stage

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "numpy", "pandas", "great_expectations", "dvc")


def main(params: Params) -> None:
    """Write the page for people and the numbers for `dvc metrics`."""
    try:
        data_sets = [_data_set(params, ds) for ds in params.datasets]
    except FileNotFoundError as error:
        raise stage.StageError(f"{error.filename}: no such file; dvc repro makes it") from None
    content = page.Page(
        title=params.report.title,
        data_sets=data_sets,
        parameters=_yaml(params),
        times={name: [_time(name, ds, cells) for ds in params.datasets] for name, cells in _cells(params).items()},
        versions={"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
        rows=params.report.rows,
        bootstrap=params.evaluate.bootstrap,
        seed=params.seed,
    )
    with stage.writing(paths.REPORT) as file:
        file.write_text(page.render(content), encoding="utf-8")
    with stage.writing(paths.METRICS) as file:
        stage.write_json(page.scores(content), file)
    with stage.writing(paths.CONFUSION) as folder:
        folder.mkdir()
        for data_set in data_sets:
            _write_confusion(data_set, folder / f"{data_set.name}.csv")
    print(f"report: {paths.REPORT.resolve().as_uri()}")


def _data_set(params: Params, ds: str) -> page.DataSet:
    trained_under = {f"sft/{strategy}": strategy for strategy in params.grid.train}
    trained_under |= {f"rl/{algorithm}": params.rl.warmup_strategy for algorithm in params.rl.algorithms}
    folders = [paths.evaluation(ds, *model.split("/"), infer) for model in trained_under for infer in params.grid.infer]
    cells = [arm for folder in folders for arm in read_cell(folder, params.grid.decoding)]
    curves = {kind: _curve(kind, ds, [""]) for kind in ("base", "head")}
    curves |= {"sft": _curve("sft", ds, params.grid.train), "rl": _curve("rl", ds, params.rl.algorithms)}
    return page.DataSet(
        name=ds,
        results=Results(read_baselines(paths.baseline(ds), paths.head(ds)), cells, trained_under),
        curves={kind: series for kind, series in curves.items() if series},
        mining=_json(paths.mining(ds)),
        validation=_json(paths.validation_json(ds)),
        validation_page=os.path.relpath(paths.validation_page(ds), paths.REPORT.parent),
    )


def _write_confusion(data_set: page.DataSet, file: Path) -> None:
    frame = data_set.results.winner.predictions[["label", "predicted"]]
    frame.replace({"predicted": {"": "(outside)"}}).to_csv(file, index=False, lineterminator="\n")


def _cells(params: Params) -> dict[str, list[tuple[str, ...]]]:
    """Stage → what follows the data set's name in each of its cells."""
    models = [("sft", name) for name in params.grid.train] + [("rl", name) for name in params.rl.algorithms]
    return {
        **{name: [()] for name in ("ingest", "validate", "base", "mine", "neighbours", "baseline", "head")},
        "render": [(name,) for name in params.strategies],
        "sft": [(name,) for name in params.grid.train],
        "rl": [(name,) for name in params.rl.algorithms],
        "evaluate": [(*model, infer) for model in models for infer in params.grid.infer],
    }


def _time(name: str, ds: str, cells: list[tuple[str, ...]]) -> page.Time:
    files = [paths.timing(name, ds, *cell) for cell in cells]
    known = [_json(file)["seconds"] for file in files if file.exists()]
    return page.Time(sum(known), len(known), len(cells))


def _curve(kind: str, ds: str, names: list[str]) -> dict[str, pd.DataFrame]:
    """Name → learning curve; a base that was not trained here has none."""
    frames = {name: pd.read_csv(paths.curve(kind, ds, name or None)) for name in names}
    return {name: frame for name, frame in frames.items() if len(frame)}


def _yaml(params: Params) -> str:
    """All parameters with their defaults, so that the page tells what ran without gencls/params.py."""
    text = StringIO()
    YAML().dump(params.model_dump(by_alias=True), text)
    return text.getvalue()


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    stage.run(main)
