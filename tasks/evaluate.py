"""evaluate: a trained model, prompts of one inference strategy → reports/evaluate/<ds>/<trainer>/<name>/<infer>/.

One cell of the grid: one scoring pass over validation and one over test serve every decoding. Which cell is the best is decided in the
report, on validation.
"""

from typing import Any

import numpy as np
import pandas as pd

from gencls import decoding, metrics, models, prompts
from gencls.params import Params
from gencls.prompts import Prompt
from gencls.scheme import LabelScheme
from gencls.scorer import Scorer, Scores
from tasks import paths, stage

FILES = {"validation": "validation_{}.csv", "test": "predictions_{}.csv"}


def main(params: Params, ds: str, trainer: str, name: str, infer: str) -> None:
    """Evaluate one model under one inference strategy, every decoding."""
    folder = paths.model(trainer, ds, name)
    model, tokenizer = models.load(folder, params.model)
    scheme = LabelScheme.build(tokenizer, models.card(folder)["labels"], params.model.max_length)
    scorer = Scorer(model, scheme.trie, batch_tokens=params.evaluate.batch_tokens)
    result: dict[str, Any] = {"trainer": trainer, "name": name, "infer": infer, "cut_rows": {}, "outside": {}}
    with stage.writing(paths.evaluation(ds, trainer, name, infer)) as out:
        out.mkdir()
        for split, file in FILES.items():
            rendered = prompts.read(paths.prompts(ds, infer) / f"{split}.jsonl")
            rows = scheme.encode(rendered)
            scores = scorer.read([row.ids for row in rows.encoded], rows.prefix)
            result["cut_rows"][split] = rows.cut
            result["outside"][split] = round(float(decoding.outside(scores.edges, scheme.trie).mean()), 6)
            result[split] = {}
            for decoder in params.grid.decoding:
                answers = _answers(decoder, scores, scheme)
                frame = _predictions(rendered, answers, scheme)
                metrics.write_predictions(frame, out / file.format(decoder))
                result[split][decoder] = _record(params, rendered, answers, scheme)
        stage.write_json(result, out / "metrics.json")


Answers = tuple[list[str | None], np.ndarray | None]
"""Predicted labels (None outside the label set) and, where the decoding has them, probabilities (rows, labels)."""


def _answers(decoder: str, scores: Scores, scheme: LabelScheme) -> Answers:
    if decoder == "generate":
        return [scheme.labels[i] if i >= 0 else None for i in decoding.free(scores.written, scheme.trie)], None
    chosen = decoding.DECODINGS[decoder](scores.edges, scheme.trie)
    return [scheme.labels[i] for i in chosen], decoding.probabilities(scores.edges, scheme.trie)


def _predictions(rendered: list[Prompt], answers: Answers, scheme: LabelScheme) -> pd.DataFrame:
    ids, texts, gold = zip(*[(prompt.id, prompt.text, prompt.label) for prompt in rendered], strict=True)
    return metrics.predictions_frame(ids, texts, gold, *answers, scheme.labels)


def _record(params: Params, rendered: list[Prompt], answers: Answers, scheme: LabelScheme) -> metrics.Record:
    gold, settings = [prompt.label for prompt in rendered], params.evaluate
    return metrics.evaluate(gold, *answers, labels=scheme.labels, bootstrap=settings.bootstrap, bins=settings.bins, seed=params.seed)


if __name__ == "__main__":
    stage.run(main)
