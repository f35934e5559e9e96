"""rationalise: training rows of <ds>, models/reasoner/<ds> → data/rationales/<ds>.parquet, reports/rationalise/<ds>.json.

The parquet has a column per kind (`rationalise.kinds`), and only the rows for which every kind came out well, so that all arms that are
compared learn from the same rows; and `inconsistent`, where the written rationale points to another label than the gold one. It is `render`
that leaves such rows out if `rationalise.keep` says so: nothing has to be written anew for that. Validation and test rows are never read
here: their gold labels must not reach the reasoner.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from gencls.params import Params
from gencls.progress import say
from tasks import paths, stage

FOLDS = 5
"""Of the judge of rationales; not `mine.folds`, for whose sake no draft should be written anew."""


def main(params: Params, ds: str) -> None:
    """Write a rationale for every training row, or an empty table where there is no reasoner."""
    found = pd.DataFrame({"id": [], **{kind: [] for kind in params.rationalise.kinds}}, dtype="str").assign(inconsistent=False)
    summary: dict[str, Any] = {"enabled": params.reasoner.enabled}
    with stage.writing(paths.rationales(ds)) as file, stage.writing(paths.rationalising(ds)) as report:
        if params.reasoner.enabled:
            train = pd.read_parquet(paths.data(ds) / "train.parquet", columns=["id", "text", "label"])
            found, counts = _rationales(params, ds, train)
            summary |= counts
            print(f"{ds}: {summary['good']} of {summary['rows']} training rows have a rationale")
        found.to_parquet(file, index=False)
        stage.write_json(summary, report)


def _rationales(params: Params, ds: str, train: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    from gencls import models
    from gencls.rationales import Rationaliser
    from gencls.reasoner import Frame

    model, tokenizer = models.load(paths.reasoner(ds), params.model)
    frame = Frame(tokenizer, params.model.max_length, params.model.max_reasoning)
    key = {"rationalise": params.rationalise.model_dump(exclude={"keep"}), "model": params.model.model_dump(), "seed": params.seed}
    found, counts = train[["id"]].copy(), {}
    with stage.checkpoints(key, paths.reasoner(ds), paths.data(ds) / "train.parquet") as scratch:
        for number, kind in enumerate(params.rationalise.kinds):
            told = train["label"] if kind == "written" else [None] * len(train)
            rationaliser = Rationaliser(model, frame, params.rationalise, seed=[params.seed, number], scratch=Path(scratch) / kind)
            written = rationaliser(list(zip(train["text"], told, strict=True)))
            found[kind], counts[kind] = pd.Series(written.rationales, dtype="str", index=found.index), written.record()
        found = found.dropna()
        gold = train["label"].loc[found.index]
        verdicts = {kind: _verdicts(params, ds, found[kind], gold) for kind in params.rationalise.kinds}
    for kind, verdict in verdicts.items():
        counts[kind] |= {name: int((verdict == name).sum()) for name in ("consistent", "inconsistent", "unjudged")}
    corpus = {name: models.card(paths.reasoner(ds))[name] for name in ("learnt", "held_out", "too_long")}
    found["inconsistent"] = verdicts["written"] == "inconsistent" if "written" in verdicts else False
    summary = {"corpus": corpus, "rows": len(train), "good": len(found), "classes": _classes(train["label"], gold), "kinds": counts}
    return found, summary


def _classes(labels: "pd.Series[str]", gold: "pd.Series[str]") -> dict[str, dict[str, int]]:
    """Class → its training rows, and those of them that have a rationale; says which lost most of theirs."""
    good = gold.value_counts()
    counts = {str(label): {"rows": int(rows), "good": int(good.get(label, 0))} for label, rows in labels.value_counts().items()}
    poor = [f"{label} ({own['good']} of {own['rows']})" for label, own in counts.items() if 2 * own["good"] < own["rows"]]
    if poor:
        say(f"classes with a rationale for less than half of their rows, which strategies with `reasoning` see less of: {', '.join(poor)}")
    return counts


def _verdicts(params: Params, ds: str, rationales: "pd.Series[str]", gold: "pd.Series[str]") -> "pd.Series[str]":
    """`consistent` where cheap models that see nothing but rationales, each fitted on other rows, find the gold label.

    `unjudged` where no other row could have taught them that label.
    """
    from gencls.mining import cross_fit

    try:
        scores = cross_fit.score(list(rationales), list(gold), language=params.datasets[ds].language, folds=FOLDS, seed=params.seed)
    except cross_fit.MiningError as error:
        say(f"what the rationales tell of the label is not known: {error}")
        return pd.Series("unjudged", index=rationales.index)
    scores.index = rationales.index
    verdict = (scores["suggested"] == gold).map({True: "consistent", False: "inconsistent"})
    return verdict.mask(scores["confidence"].isna(), "unjudged")


if __name__ == "__main__":
    stage.run(main)
