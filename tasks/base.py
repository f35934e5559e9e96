"""base: training texts and label names of <ds> → models/base/<ds>, reports/base/<ds>.csv.

The builtin base is trained here; for a hub id or a folder the stage records where it is and at which commit. One base per data set, so
that adding a data set touches no other.
"""

from pathlib import Path

import pandas as pd

from gencls.labels import written
from gencls.params import Params, Strategy
from gencls.prompts import TEMPLATES, Prompt, Renderer
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Make or resolve the base model."""
    with stage.writing(paths.base(ds)) as folder, stage.writing(paths.curve("base", ds)) as curve:
        folder.mkdir()
        if params.model.base == "builtin":
            _pretrain(params, ds, folder, curve)
        else:
            from gencls import models

            models.device(params.model.device)  # a GPU that is not there is said now, not after the download
            stage.write_json(models.resolve(params.model), folder / models.POINTER)
            curve.write_text("step,epoch,loss\n", encoding="utf-8")


def _pretrain(params: Params, ds: str, folder: Path, curve: Path) -> None:
    from gencls import models
    from gencls.base import pretrain
    from gencls.training import Run

    train, language = paths.data(ds) / "train.parquet", params.datasets[ds].language
    key = {"base": params.base.model_dump(), "max_length": params.model.max_length, "seed": params.seed, "language": language}
    labels = stage.label_set(ds)["labels"]
    renderer = Renderer(Strategy(), written(labels, Strategy(), language=language, seed=params.seed), TEMPLATES[language])
    frame = pd.read_parquet(train, columns=["id", "text"])
    with stage.checkpoints(key, train, paths.data(ds) / "labels.json") as scratch:
        model, tokenizer = pretrain(
            [Prompt(row.id, renderer.segments(row.text), "") for row in frame.itertuples()],
            params.base,
            max_length=params.model.max_length,
            device=models.device(params.model.device),
            run=Run(params.seed, scratch, curve),
        )
        models.save(model, tokenizer, folder, {"data_set": ds, "base": "builtin"})


if __name__ == "__main__":
    stage.run(main)
