"""bundle: the cell that was best on validation → models/bundle/<ds>, a folder that predicts by itself (gencls/bundle.py).

Reads reports/final/<ds> (which cell, its numbers, temperature and threshold), reports/evaluate/<ds> (the grid it won), its model, and what
its prompts are made of. `python -m tasks.best` says which cell won and how to predict with it.
"""

import subprocess
from importlib import metadata
from typing import Any

import pandas as pd

from gencls import bundle as bundles
from gencls import model_card, models, selection
from gencls.bundle import Bundle, Measured, Origin, Score, TrainingRows
from gencls.calibration import OperatingPoint
from gencls.drift.reading import Readings, known
from gencls.drift.reference import Reference
from gencls.params import BuiltinDataSet, Params
from gencls.progress import say
from gencls.report.calibrated import calibrated, confidences
from gencls.report.results import read_final, validation
from gencls.sources.rows import digest
from tasks import paths, stage
from tasks.final import grid
from tasks.render import Rows, frames

LIBRARIES = ("gencls", "torch", "transformers", "tokenizers", "scikit-learn")
WATCHED = ("gencls", "tasks", "dvc.yaml", "params.yaml")
"""What must be committed for the bundle to be made again from that commit."""


def main(params: Params, ds: str) -> None:
    """Write the bundle of a data set."""
    final = stage.read_json(paths.final(ds) / "metrics.json")
    cell = final["arms"][final["roles"]["best"]]
    about = stage.read_json(paths.prompts(ds, cell["infer"]) / "prompts.json")
    strategy, language = params.strategies[cell["infer"]], params.datasets[ds].language
    rows = Rows(ds, frames(ds, strategy), strategy, language, params.seed)
    source = paths.model(cell["trainer"], ds, cell["name"])
    spec = params.datasets[ds]
    made = Bundle(
        data_set=ds,
        language=language,
        labels=about["labels"],
        definitions=stage.read_json(paths.definitions(ds))["definitions"],
        strategy=strategy,
        written=about["written"],
        fixed=[rows.example(place) for place in rows.fixed()],
        decoding=cell["decoding"],
        temperature=cell["temperature"],
        threshold=cell["threshold"],
        precision=params.evaluate.precision,
        text="text" if isinstance(spec, BuiltinDataSet) else spec.text,
        max_length=params.model.max_length,
        max_reasoning=about["max_reasoning"],
        batch_tokens=params.evaluate.batch_tokens,
        dtype=params.model.dtype,
        neighbours=params.neighbours,
        seed=params.seed,
        weights=models.digest(source),
        origin=_origin(params, ds, cell),
    )
    train = rows.train
    taught = TrainingRows(list(train["id"]), list(train["text"]), list(train["label"]))
    with stage.writing(paths.bundle(ds)) as folder:
        bundles.write(made, source, taught, model_card.render(made, _answered(params, ds)), folder)
        _reference(ds, made).write(folder)
    say(f"{ds}: {made.origin.title} → {paths.bundle(ds)}")


def _answered(params: Params, ds: str) -> OperatingPoint | None:
    """What the threshold gives on test."""
    return calibrated(read_final(paths.final(ds))["best"], bins=params.evaluate.bins).point


def _reference(ds: str, made: Bundle) -> Reference:
    """What new rows are compared with: the training texts, and the winner's answers on validation."""
    shown = known(list(pd.read_parquet(paths.data(ds) / "train.parquet")["text"]), made.language)
    best, rows = validation(read_final(paths.final(ds))["best"]), Readings(shown)
    answered = zip(best.predictions["id"], best.predictions["text"], best.answers, confidences(best), strict=True)
    for id, text, answer, confidence in answered:
        rows.add(id, text, answer, confidence, abstained=made.abstains(answer, confidence))
    return Reference(shown, rows.frame())


def _origin(params: Params, ds: str, cell: dict[str, Any]) -> Origin:
    pointer = models.pointer_of(paths.base(ds))
    measured = {split: Measured(**{name: cell[split][name] for name in Measured.model_fields}) for split in ("validation", "test")}
    return Origin(
        title=selection.title(f"{cell['trainer']}/{cell['name']}", cell["infer"], cell["decoding"]),
        grid=[Score(title=found.title, accuracy=found.accuracy, macro_f1=found.macro_f1) for found in selection.ranked(grid(params, ds))],
        base=params.model.base,
        base_commit=pointer["commit"],
        commit=_commit(),
        data={split: digest(table) for split, table in stage.splits(ds).items()},
        parameters=_parameters(params, ds, cell),
        versions={name: metadata.version(name) for name in LIBRARIES},
        **measured,
    )


def _parameters(params: Params, ds: str, cell: dict[str, Any]) -> dict[str, Any]:
    """Sections that the model depends on, with their defaults; dvc.yaml lists them for this stage."""
    content = params.model_dump(mode="json", by_alias=True)
    strategies = sorted({cell["infer"], stage.trained_under(params)[f"{cell['trainer']}/{cell['name']}"]})
    sections = ("seed", "model", "base", "neighbours", "sft", *(["rl"] if cell["trainer"] == "rl" else []), "evaluate")
    chosen = {"datasets": {ds: content["datasets"][ds]}, "strategies": {name: content["strategies"][name] for name in strategies}}
    return chosen | {name: content[name] for name in sections}


def _commit() -> str | None:
    """The last commit of code and parameters, if they are as committed there; later ones of other files change no bundle."""
    if _git("status", "--porcelain", "--", *WATCHED) != "":
        return None
    return _git("log", "-1", "--format=%H", "--", *WATCHED) or None


def _git(*command: str) -> str | None:
    """Its output; None where this is no git repository."""
    done = subprocess.run(["git", "--no-optional-locks", *command], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    stage.run(main)
