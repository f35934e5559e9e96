"""render: data/<ds>, data/neighbours/<ds> → data/prompts/<ds>/<strategy>/{train,validation,test}.jsonl and prompts.json."""

import json

import pandas as pd

from gencls.params import SPLITS, Params, Strategy
from gencls.prompts import Example, Prompt, Renderer, write
from tasks import paths, stage


def main(params: Params, ds: str, strategy: str) -> None:
    """Render every split of a data set under one strategy."""
    record = params.strategies[strategy]
    label_set = json.loads((paths.data(ds) / "labels.json").read_text(encoding="utf-8"))
    frames = {split: pd.read_parquet(paths.data(ds) / f"{split}.parquet") for split in SPLITS}
    renderer = Renderer(label_set["labels"], params.datasets[ds].language)
    with stage.writing(paths.prompts(ds, strategy)) as folder:
        folder.mkdir()
        for split, examples in _examples(ds, frames, record).items():
            rows = zip(frames[split].itertuples(), examples, strict=True)
            write((Prompt(row.id, renderer.segments(row.text, shown), row.label) for row, shown in rows), folder / f"{split}.jsonl")
        stage.write_json({"strategy": record.model_dump(), **label_set}, folder / "prompts.json")


def _examples(ds: str, frames: dict[str, pd.DataFrame], strategy: Strategy) -> dict[str, list[list[Example]]]:
    """Examples per split and row, the most similar last: next to the text."""
    if strategy.shots == 0:
        return {split: [[] for _ in range(len(frame))] for split, frame in frames.items()}
    train = frames["train"]
    example = dict(zip(train["id"], zip(train["text"], train["label"], strict=True), strict=True))
    return {split: [[example[id] for id in reversed(nearest)] for nearest in _similar(ds, split, strategy.shots)] for split in frames}


def _similar(ds: str, split: str, shots: int) -> list[list[str]]:
    """Ids of each row's most similar training rows, the nearest first."""
    file = paths.neighbours(ds) / f"{split}.parquet"
    found = pd.read_parquet(file)
    for row in found.itertuples():
        if len(row.neighbours) < shots:
            raise stage.StageError(f"{file}: row {row.id} has {len(row.neighbours)} similar training rows with another text, not {shots}")
    return [list(nearest[:shots]) for nearest in found["neighbours"]]


if __name__ == "__main__":
    stage.run(main)
