"""final: the cells chosen on validation, run on test → reports/final/<ds>/.

metrics.json says which cell has which role (gencls/selection.py) and holds a record per cell on validation and on test, and what validation
says about its probabilities: their temperature, and the confidence from which on its answers are precise enough (`evaluate.precision`; null
where none is). <cell>.csv are the predictions on test, <cell>.validation.csv those on validation; where the model reasons before its label,
with that. The .npy beside each holds the label log-probabilities as they are: a temperature makes much of what six digits lose.
"""

from itertools import groupby
from typing import Any

import numpy as np

from gencls import calibration, metrics, models, predictions, prompts, selection
from gencls.inference import Asker, Scored
from gencls.params import Params
from gencls.progress import say
from gencls.prompts import Prompt
from gencls.selection import Cell
from tasks import paths, stage

FILES = {"validation": "{}.validation.csv", "test": "{}.csv"}


def main(params: Params, ds: str) -> None:
    """Choose the cells, and answer the test split with each."""
    roles = selection.roles(grid(params, ds), stage.trained_under(params), stage.reasoning_arms(params))
    chosen = sorted({cell.key: cell for cell in roles.values()}.values(), key=lambda cell: (cell.model, cell.infer))
    arms: dict[str, Any] = {}
    with stage.writing(paths.final(ds)) as out:
        out.mkdir()
        for (trainer, name), cells in groupby(chosen, key=lambda cell: (cell.trainer, cell.name)):
            model, tokenizer = models.load(paths.model(trainer, ds, name), params.model)
            for infer, asked in groupby(cells, key=lambda cell: cell.infer):
                wanted = list(asked)
                about = stage.read_json(paths.prompts(ds, infer) / "prompts.json")
                asker = Asker(model, tokenizer, about, max_length=params.model.max_length, batch_tokens=params.evaluate.batch_tokens)
                arms |= {cell.key: dict(vars(cell)) for cell in wanted}
                for split, file in FILES.items():
                    rendered = prompts.read(paths.prompts(ds, infer) / f"{split}.jsonl")
                    scored = asker(rendered)
                    for cell in wanted:
                        arms[cell.key][split] = _record(params, rendered, scored, cell.decoding)
                        predicted = out / file.format(cell.key)
                        predictions.write(_predictions(rendered, scored, cell.decoding), predicted)
                        np.save(predicted.with_suffix(".npy"), scored.log_probabilities)
                        if split == "validation":
                            arms[cell.key] |= _calibrated(params, rendered, scored, cell.decoding)
        stage.write_json({"roles": {role: cell.key for role, cell in roles.items()}, "arms": arms}, out / "metrics.json")
    for role, cell in roles.items():
        say(f"{ds} {role}: {cell.title}, test accuracy {arms[cell.key]['test']['accuracy']:.3f}")


def grid(params: Params, ds: str) -> list[Cell]:
    """Every cell with its validation scores, in the order of params.yaml."""
    rows = (stage.read_json(paths.evaluation(ds, *model.split("/", 1)) / "metrics.json") for model in stage.trained_under(params))
    return [cell for row in rows for cell in selection.cells(row, params.grid.infer, params.grid.decoding)]


def _record(params: Params, rendered: list[Prompt], scored: Scored, decoder: str) -> dict[str, Any]:
    gold = [prompt.label for prompt in rendered]
    answers = scored.certain(scored.answers(decoder))
    return {
        **metrics.evaluate(gold, answers, scored.probabilities, labels=scored.labels, **stage.measuring(params)),
        "cut_rows": scored.rows.cut,
        "unended": scored.unended,
    }


def _calibrated(params: Params, rendered: list[Prompt], scored: Scored, decoder: str) -> dict[str, float | None]:
    """Temperature, and the threshold of the confidence after it."""
    place = {label: i for i, label in enumerate(scored.labels)}
    gold = np.array([place[prompt.label] for prompt in rendered])
    answers = np.array([len(place) if answer is None else place[answer] for answer in scored.certain(scored.answers(decoder))])
    temperature = round(calibration.fit_temperature(scored.log_probabilities, gold), metrics.DIGITS)
    confidence = metrics.confidence(answers, calibration.apply_temperature(scored.log_probabilities, temperature))
    point = calibration.abstention_threshold(confidence, answers == gold, params.evaluate.precision)
    return {"temperature": temperature, "threshold": None if point is None else point["threshold"]}


def _predictions(rendered: list[Prompt], scored: Scored, decoder: str) -> Any:
    ids, texts, gold = zip(*[(prompt.id, prompt.text, prompt.label) for prompt in rendered], strict=True)
    frame = predictions.frame(ids, texts, gold, scored.certain(scored.answers(decoder)), scored.probabilities, scored.labels)
    if scored.reasoned:
        frame.insert(3, "reasoning", scored.reasonings)
    return frame


if __name__ == "__main__":
    stage.run(main)
