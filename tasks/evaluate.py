"""evaluate: a trained model, prompts of one inference strategy → reports/evaluate/<ds>/<trainer>/<name>/<infer>/.

One cell of the grid: one scoring pass over validation and one over test serve every decoding but free generation. Which cell is the best
is decided in the report, on validation.
"""

from typing import Any

import numpy as np
import pandas as pd

from gencls import decoding, metrics, models, prompts
from gencls.params import Params
from gencls.prompts import Prompt
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer, generate
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
            edges = scorer([row.ids for row in rows.encoded], rows.prefix)
            result["cut_rows"][split] = rows.cut
            result["outside"][split] = round(float(decoding.outside(edges, scheme.trie).mean()), 6)
            result[split] = {}
            for decoder in params.grid.decoding:
                answers = _written(model, scheme, rows) if decoder == "generate" else _scored(decoder, edges, scheme)
                frame = _predictions(rendered, answers, scheme)
                metrics.write_predictions(frame, out / file.format(decoder))
                result[split][decoder] = _record(params, rendered, answers, scheme)
        stage.write_json(result, out / "metrics.json")


Answers = tuple[list[str | None], np.ndarray | None]
"""Predicted labels (None outside the label set) and, where the decoding has them, probabilities (rows, labels)."""


def _scored(decoder: str, edges: np.ndarray, scheme: LabelScheme) -> Answers:
    chosen = decoding.DECODINGS[decoder](edges, scheme.trie)
    return [scheme.labels[i] for i in chosen], decoding.probabilities(edges, scheme.trie)


def _written(model: Any, scheme: LabelScheme, rows: Rows) -> Answers:
    longest = max(len(sequence) for sequence in scheme.sequences)
    written = generate(model, scheme.tokenizer, [row.ids for row in rows.encoded], max_new_tokens=longest)
    return [text if text in scheme.labels else None for text in written], None


def _predictions(rendered: list[Prompt], answers: Answers, scheme: LabelScheme) -> pd.DataFrame:
    ids, texts, gold = zip(*[(prompt.id, prompt.text, prompt.label) for prompt in rendered], strict=True)
    return metrics.predictions_frame(ids, texts, gold, *answers, scheme.labels)


def _record(params: Params, rendered: list[Prompt], answers: Answers, scheme: LabelScheme) -> metrics.Record:
    gold, settings = [prompt.label for prompt in rendered], params.evaluate
    return metrics.evaluate(gold, *answers, labels=scheme.labels, bootstrap=settings.bootstrap, bins=settings.bins, seed=params.seed)


if __name__ == "__main__":
    stage.run(main)
