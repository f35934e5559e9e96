"""reasoner: a corpus of (question, answer, reasoning), models/base/<ds> → models/reasoner/<ds>, reports/reasoner/<ds>.csv.

It sees no row of the data set. Switched off (`reasoner.enabled`) it ends at once, and the folder holds no weights.
"""

import os
from pathlib import Path

from gencls import corpora
from gencls.params import FilesCorpus, Params
from gencls.progress import say
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Teach the base to write reasonings."""
    with stage.writing(paths.reasoner(ds)) as folder, stage.writing(paths.curve("reasoner", ds)) as curve:
        if params.reasoner.enabled:
            _learn(params, ds, folder, curve)
        else:
            folder.mkdir()
            curve.write_text("step,epoch,loss,validation_loss\n", encoding="utf-8")
        stage.write_json({"enabled": params.reasoner.enabled}, folder / "reasoner.json")


def _learn(params: Params, ds: str, folder: Path, curve: Path) -> None:
    from gencls import models
    from gencls.reasoner import Frame, learn
    from gencls.training import Run

    model, tokenizer = models.load(paths.base(ds), params.model, trainable=True, seed=params.seed)
    rows = corpora.read(params.reasoner.corpus, _file(params), tokenizer, params.datasets[ds].language, seed=params.seed)
    frame = Frame(tokenizer, params.model.max_length, params.model.max_reasoning)
    key = {"reasoner": params.reasoner.model_dump(), "model": params.model.model_dump(), "seed": params.seed, "rows": corpora.digest(rows)}
    with stage.checkpoints(key, paths.base(ds)) as scratch:
        model, counts = learn(model, frame, rows, params.reasoner, Run(params.seed, scratch, curve))
        models.save(model, tokenizer, folder, {"base_of": ds, "trainer": "reasoner", **counts})
    say(f"reasoner of {ds}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def _file(params: Params) -> Path:
    """Where the corpus lies, if it is a file; the copies that `GENCLS_DATA` names come first."""
    corpus, copies = params.reasoner.corpus, os.environ.get(paths.COPIES)
    name = corpus.name if isinstance(corpus, FilesCorpus) else ""
    if copies and name and (Path(copies) / name / "train.jsonl").is_file():
        say(f"{paths.COPIES} is set: the corpus comes from {Path(copies) / name}")
        return Path(copies) / name / "train.jsonl"
    return paths.raw(name) / "train.jsonl"


if __name__ == "__main__":
    stage.run(main)
