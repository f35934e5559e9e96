"""rationalise: training rows of <ds>, models/reasoner/<ds> → data/rationales/<ds>.parquet, reports/rationalise/<ds>.json.

The parquet has a column per kind (`rationalise.kinds`), and only the rows for which every kind came out well, so that all arms that are
compared learn from the same rows. Validation and test rows are never read here: their gold labels must not reach the reasoner.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from gencls.params import Params
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Write a rationale for every training row, or an empty table where there is no reasoner."""
    found = pd.DataFrame({"id": [], **{kind: [] for kind in params.rationalise.kinds}}, dtype="str")
    summary: dict[str, Any] = {"enabled": params.reasoner.enabled}
    with stage.writing(paths.rationales(ds)) as file, stage.writing(paths.rationalising(ds)) as report:
        if params.reasoner.enabled:
            train = pd.read_parquet(paths.data(ds) / "train.parquet", columns=["id", "text", "label"])
            found, counts = _rationales(params, ds, train)
            summary |= counts
            print(f"{ds}: {summary['kept']} of {summary['rows']} training rows have a rationale")
        found.to_parquet(file, index=False)
        stage.write_json(summary, report)


def _rationales(params: Params, ds: str, train: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    from gencls import models
    from gencls.rationales import Rationaliser
    from gencls.reasoner import Frame

    model, tokenizer = models.load(paths.reasoner(ds), params.model)
    frame = Frame(tokenizer, params.model.max_length, params.model.max_reasoning)
    key = {"rationalise": params.rationalise.model_dump(), "model": params.model.model_dump(), "seed": params.seed}
    found, counts = train[["id"]].copy(), {}
    with stage.checkpoints(key, paths.reasoner(ds), paths.data(ds) / "train.parquet") as scratch:
        for number, kind in enumerate(params.rationalise.kinds):
            told = train["label"] if kind == "written" else [None] * len(train)
            rationaliser = Rationaliser(model, frame, params.rationalise, seed=[params.seed, number], scratch=Path(scratch) / kind)
            written = rationaliser(list(zip(train["text"], told, strict=True)))
            found[kind], counts[kind] = pd.Series(written.rationales, dtype="str", index=found.index), written.record()
        found = found.dropna()
        labels = train["label"].loc[found.index]
        corpus = {name: models.card(paths.reasoner(ds))[name] for name in ("learnt", "held_out", "too_long")}
        summary = {"corpus": corpus, "rows": len(train), "good": len(found), "kinds": counts}
        if params.rationalise.keep == "consistent":
            found = found[_recovered(params, ds, found["written"], labels)]
    return found, {**summary, "keep": params.rationalise.keep, "kept": len(found)}


def _recovered(params: Params, ds: str, rationales: "pd.Series[str]", labels: "pd.Series[str]") -> "pd.Series[bool]":
    """Where cheap models that see nothing but rationales, each fitted on other rows, find the gold label."""
    from gencls.mining import cross_fit

    try:
        scores = cross_fit.score(
            list(rationales), list(labels), language=params.datasets[ds].language, folds=params.mine.folds, seed=params.seed
        )
    except cross_fit.MiningError as error:
        raise stage.StageError(f"rationalise.keep: consistent: {error}") from None
    return pd.Series(scores["suggested"].to_numpy() == labels.to_numpy(), index=rationales.index)


if __name__ == "__main__":
    stage.run(main)
