"""Uncertainty mining of a data set's training rows.

data/<ds>/train.parquet, labels.json → data/mined/<ds>.parquet (id, confidence, suggested, uncertain), reports/mine/<ds>.json
"""

import json

import pandas as pd

from gencls import mining
from gencls.params import Params
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Score every training row and mark the least believable share."""
    train = pd.read_parquet(paths.data(ds) / "train.parquet")
    language = json.loads((paths.data(ds) / "labels.json").read_text(encoding="utf-8"))["language"]
    try:
        scores = mining.mine(list(train["text"]), list(train["label"]), language=language, folds=params.mine.folds, seed=params.seed)
    except mining.MiningError as error:
        raise stage.StageError(f"{paths.data(ds) / 'train.parquet'}: {error}") from None
    scores["uncertain"] = mining.mark(scores["confidence"], params.mine.fraction)
    noisy = train["clean_label"] != train["label"] if "clean_label" in train else None
    summary = mining.summarise(scores, noisy)
    scores.insert(0, "id", train["id"])
    with stage.writing(paths.mined(ds)) as file:
        scores.to_parquet(file, index=False)
    with stage.writing(paths.mining(ds)) as file:
        stage.write_json(summary, file)
    print(f"{ds}: {summary['marked']} of {summary['rows']} training rows marked Uncertain")


if __name__ == "__main__":
    stage.run(main)
