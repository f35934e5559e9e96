"""Baselines of a data set on its test split.

data/<ds>, data/neighbours/<ds> → reports/baseline/<ds>/metrics.json ({baseline: metrics record}) and <baseline>.csv (predictions)

Where training rows were corrected also corrections.json: what that is worth to the logistic regression. It can be fitted again without the
corrections in seconds, which no recorded run can be asked for: that may have had other rows, code or parameters.
"""

from dataclasses import replace
from typing import Any

import pandas as pd

from gencls import corrections, metrics, predictions
from gencls.baselines import BASELINES, Answers, Rows, tfidf_logreg
from gencls.params import Params, Split
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Answer the test split with every baseline."""
    splits, about = stage.splits(ds), stage.label_set(ds)
    train, validation, test = splits.values()
    label = dict(zip(train["id"], train["label"], strict=True))
    rows = Rows(
        train_texts=list(train["text"]),
        train_labels=list(train["label"]),
        validation_texts=list(validation["text"]),
        validation_labels=list(validation["label"]),
        test_texts=list(test["text"]),
        test_neighbours=[
            [(label[id], float(similarity)) for id, similarity in zip(row.neighbours, row.similarities, strict=True)]
            for row in pd.read_parquet(paths.neighbours(ds) / "test.parquet").itertuples()
        ],
        labels=about["labels"],
        language=about["language"],
        seed=params.seed,
    )
    records, answered = {}, {}
    with stage.writing(paths.baseline(ds)) as folder:
        folder.mkdir()
        for name, baseline in BASELINES.items():
            answers = answered[name] = baseline(rows)
            columns = (list(test["label"]), answers.predicted, answers.probabilities)
            records[name] = metrics.evaluate(*columns, labels=rows.labels, **stage.measuring(params))
            frame = predictions.frame(list(test["id"]), rows.test_texts, *columns, rows.labels)
            predictions.write(frame, folder / f"{name}.csv")
            print(f"{ds} {name}: accuracy {records[name]['accuracy']:.3f}, macro-F1 {records[name]['macro_f1']:.3f}")
        stage.write_json(records, folder / "metrics.json")
        if paths.corrected(ds).exists():
            stage.write_json(_corrected(params, ds, splits, rows, answered["tfidf_logreg"]), folder / paths.baseline_corrections(ds).name)


def _corrected(params: Params, ds: str, splits: dict[Split, pd.DataFrame], rows: Rows, after: Answers) -> dict[str, Any]:
    """What was corrected, and the logistic regression `after` and before on the same test rows."""
    made = pd.read_parquet(paths.corrected(ds))
    train = corrections.undone(splits["train"], made).dropna(subset=["text", "label"])
    gold = list(splits["test"]["label"])
    labels = sorted({*rows.labels, *train["label"]})
    before = tfidf_logreg(replace(rows, train_texts=list(train["text"]), train_labels=list(train["label"]), labels=labels))
    scores = {name: metrics.score(gold, answers.predicted, labels=labels) for name, answers in (("before", before), ("after", after))}
    paired = metrics.paired(gold, after.predicted, before.predicted, bootstrap=params.evaluate.bootstrap, seed=params.seed)
    return {"file": str(paths.corrections(ds)), **corrections.count(made), "baseline": "tfidf_logreg", **scores, "paired": paired}


if __name__ == "__main__":
    stage.run(main)
