"""evaluate: a trained model under every inference strategy and decoding, on validation → reports/evaluate/<ds>/<trainer>/<name>/.

metrics.json holds a score per cell of the grid, <infer>.csv the answers behind them (id, label, the reasoning of a strategy that has one,
one column per decoding). The model is loaded once. The test split is not touched here: `final` runs it for the cells that are chosen on
these scores.
"""

from typing import Any

import pandas as pd

from gencls import metrics, models, prompts
from gencls.inference import Asker, Scored
from gencls.params import Params
from gencls.progress import say
from gencls.prompts import Prompt
from tasks import paths, stage


def main(params: Params, ds: str, trainer: str, name: str) -> None:
    """Score one model in every cell of its row of the grid."""
    folder = paths.model(trainer, ds, name)
    model, tokenizer = models.load(folder, params.model)
    sizes = {"max_length": params.model.max_length, "batch_tokens": params.evaluate.batch_tokens}
    cells: dict[str, Any] = {}
    with stage.writing(paths.evaluation(ds, trainer, name)) as out:
        out.mkdir()
        for infer in params.grid.infer:
            rendered = prompts.read(paths.prompts(ds, infer) / "validation.jsonl")
            asker = Asker(model, tokenizer, stage.read_json(paths.prompts(ds, infer) / "prompts.json"), **sizes)
            scored = asker(rendered)
            answers = {decoder: scored.answers(decoder) for decoder in params.grid.decoding}
            cells[infer] = _cell(rendered, scored, answers)
            table = {"id": [p.id for p in rendered], "label": [p.label for p in rendered]}
            table |= {"reasoning": scored.reasonings} if scored.reasoned else {}
            table |= {decoder: [answer or "" for answer in given] for decoder, given in answers.items()}
            pd.DataFrame(table).to_csv(out / f"{infer}.csv", index=False, lineterminator="\n")
            say(f"{trainer}/{name} asked with {infer}: " + ", ".join(f"{d} {s['accuracy']:.3f}" for d, s in cells[infer]["scores"].items()))
        weights = models.digest(folder)
        stage.write_json({"trainer": trainer, "name": name, "weights": weights, "cells": cells}, out / "metrics.json")


def _cell(rendered: list[Prompt], scored: Scored, answers: dict[str, list[str | None]]) -> dict[str, Any]:
    gold = [prompt.label for prompt in rendered]
    offered = [label for label in scored.scheme.labels if label not in scored.labels]  # Uncertain, or none
    lengths = zip(scored.scheme.labels, scored.scheme.trie.lengths.tolist(), strict=True)
    return {
        "scores": {decoder: metrics.score(gold, scored.certain(given), labels=scored.labels) for decoder, given in answers.items()},
        "uncertain": {decoder: round(sum(given.count(name) for name in offered) / len(given), 6) for decoder, given in answers.items()},
        "unended": scored.unended,
        "label_tokens": {label: length for label, length in lengths if label in scored.labels},
    }


if __name__ == "__main__":
    stage.run(main)
