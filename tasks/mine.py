"""Uncertainty mining of a data set's training rows.

data/<ds>/{train,validation}.parquet, corrected.parquet if there is one, labels.json, for `zero_shot` also models/base/<ds>
→ data/mined/<ds>.parquet (id, confidence, suggested, uncertain), reports/mine/<ds>.json, .html and .csv
"""

from pathlib import Path
from typing import Any

import pandas as pd

from gencls import corrections
from gencls.mining import marks, page
from gencls.params import Params
from tasks import paths, stage

Mined = tuple[pd.DataFrame, list[str], dict[str, Any]]
"""Confidence and suggested label per training row, the names of the scorers, and what else the summary says about them."""


def main(params: Params, ds: str) -> None:
    """Score every training row, mark the least believable share and write it down for the next stages and for people."""
    train = pd.read_parquet(paths.data(ds) / "train.parquet")
    scores, scorers, about = SCORERS[params.mine.scorer](params, ds, train)
    scores["uncertain"] = marks.mark(scores["confidence"], params.mine.fraction)
    noisy = train["clean_label"] != train["label"] if "clean_label" in train else None
    summary = marks.summarise(scores, noisy, scorers) | about
    marked = marks.marked(train, scores)
    scores.insert(0, "id", train["id"])
    with stage.writing(paths.mined(ds)) as file:
        scores.to_parquet(file, index=False)
    with stage.writing(paths.mining(ds)) as file:
        stage.write_json(summary, file)
    with stage.writing(paths.mining_csv(ds)) as file:
        made = pd.read_parquet(paths.corrected(ds)) if paths.corrected(ds).exists() else corrections.NONE_MADE
        corrections.write(marked, file, made)
    with stage.writing(paths.mining_page(ds)) as file:
        links = {"csv": paths.mining_csv(ds).name, "corrections": str(paths.corrections(ds))}
        file.write_text(page.render(page.Page(ds, summary, train["label"].tolist(), marked, **links)), encoding="utf-8")
    print(f"{ds}: {summary['marked']} of {summary['rows']} training rows marked Uncertain. Page: {paths.mining_page(ds)}")


def _cross_fit(params: Params, ds: str, train: pd.DataFrame) -> Mined:
    from gencls.mining import cross_fit

    language = stage.label_set(ds)["language"]
    try:
        scores = cross_fit.score(list(train["text"]), list(train["label"]), language=language, folds=params.mine.folds, seed=params.seed)
    except cross_fit.MiningError as error:
        raise stage.StageError(f"{paths.data(ds) / 'train.parquet'}: {error}") from None
    return scores, list(cross_fit.SCORERS), {}


def _zero_shot(params: Params, ds: str, train: pd.DataFrame) -> Mined:
    from gencls import models
    from gencls.mining import zero_shot

    bases = [_resolve(params, i) for i in range(len(params.mine.bases))] or [models.unchanged(paths.base(ds))]
    label_set = stage.label_set(ds)
    judge = zero_shot.Judge(label_set["labels"], label_set["language"], params.model)
    validation = pd.read_parquet(paths.data(ds) / "validation.parquet")
    scores, trials = zero_shot.score(judge, zero_shot.candidates(bases), train, validation)
    record = {"guessing": round(zero_shot.guessing(validation), zero_shot.DIGITS), "candidates": [trial.record() for trial in trials]}
    for name in marks.guessers(record):
        print(f"WARNING: on validation {name} is no better than always answering the most frequent label; its doubt is worth little")
    return scores, [trial.candidate.name for trial in trials if trial.chosen], {"zero_shot": record}


SCORERS = {"cross_fit": _cross_fit, "zero_shot": _zero_shot}


def _resolve(params: Params, i: int) -> Any:
    """Where an entry of `mine.bases` is: a folder, or a hub id with or without its commit."""
    from gencls import models

    base, revision = params.mine.bases[i], None
    if "@" in base and not Path(base).is_dir():
        base, revision = base.split("@", 1)
    return models.resolve(params.model.model_copy(update={"base": base, "revision": revision}), key=f"mine.bases[{i}]")


if __name__ == "__main__":
    stage.run(main)
