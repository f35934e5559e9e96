"""render: a data set under one strategy → data/prompts/<ds>/<strategy>/{train,validation,test}.jsonl and prompts.json.

prompts.json holds what a model must know besides its weights: the label names, how each is written, the strategy, how long a reasoning may
become (0 where labels are answered directly), and the prompt of an empty text, whose label scores PMI decoding subtracts.

Under a strategy with `reasoning` the training prompts are those of the rows that have a rationale, which stands beside the label; no other
split has any. Under one with `mixed` there is mixed.jsonl besides, for `sft` alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from gencls import examples, reasoning
from gencls.labels import UNCERTAIN, written
from gencls.params import SPLITS, Params, Split, Strategy
from gencls.progress import say
from gencls.prompts import TEMPLATES, Example, Prompt, Renderer, write
from tasks import paths, stage


@dataclass(frozen=True)
class Rows:
    """Splits of a data set; training labels as the strategy teaches them."""

    ds: str
    frames: dict[Split, pd.DataFrame]
    strategy: Strategy
    language: str
    seed: int

    @property
    def train(self) -> pd.DataFrame:
        """Where examples come from."""
        return self.frames["train"]

    def example(self, place: int) -> Example:
        """A training row as an example."""
        return self.train["text"].iat[place], self.train["label"].iat[place]

    def fixed(self) -> list[int]:
        """Places of the examples that every prompt shows."""
        if not self.strategy.shots or self.strategy.examples != "fixed":
            return []
        return examples.fixed(list(self.train["text"]), list(self.train["label"]), self.strategy.shots, language=self.language)

    def own(self, split: Split) -> Iterator[list[Example]]:
        """Per row the examples that only it shows."""
        texts = list(self.frames[split]["text"])
        if not self.strategy.shots or self.strategy.examples == "fixed":
            places: list[list[int]] = [[] for _ in texts]
        elif self.strategy.examples == "random":
            places = examples.random(texts, list(self.train["text"]), self.strategy.shots, seed=self.seed)
        else:
            places = self._similar(split)
        return ([self.example(place) for place in row] for row in places)

    def _similar(self, split: Split) -> list[list[int]]:
        """The most similar last: next to the text."""
        file = paths.neighbours(self.ds) / f"{split}.parquet"
        place = {id: i for i, id in enumerate(self.train["id"])}
        found = pd.read_parquet(file)
        for row in found.itertuples():
            if len(row.neighbours) < self.strategy.shots:
                raise stage.StageError(
                    f"{file}: row {row.id} has {len(row.neighbours)} similar training rows with another text, not {self.strategy.shots}"
                )
        return [[place[id] for id in reversed(nearest[: self.strategy.shots])] for nearest in found["neighbours"]]


def main(params: Params, ds: str, strategy: str) -> None:
    """Render every split of a data set under one strategy."""
    record, language = params.strategies[strategy], params.datasets[ds].language
    labels = stage.label_set(ds)["labels"]
    definitions = stage.read_json(paths.definitions(ds))["definitions"]
    rows = Rows(ds, frames(ds, record), record, language, params.seed)
    fixed = rows.fixed()
    names = written(labels, record, language=language, seed=params.seed)
    renderer = Renderer(record, names, TEMPLATES[language], definitions, [rows.example(place) for place in fixed])
    rationales = _rationales(params, ds, rows.train, record)
    with stage.writing(paths.prompts(ds, strategy)) as folder:
        folder.mkdir()
        for split in SPLITS:
            pairs = zip(rows.frames[split].itertuples(), rows.own(split), strict=True)
            shown = {rows.train["text"].iat[place].strip() for place in fixed} if split == "train" else set()
            prompts = [Prompt(r.id, renderer.segments(r.text, own), r.label) for r, own in pairs if r.text.strip() not in shown]
            if split == "train" and record.needs:
                prompts = [replace(prompt, reasoning=rationales[prompt.id]) for prompt in prompts if prompt.id in rationales]
            write(prompts, folder / f"{split}.jsonl")
        if record.mixed:
            made = _mixed(ds, record, language, params.seed)
            write([Prompt(f"mixed-{i:05}", renderer.segments(text), label) for i, (text, label) in enumerate(made)], folder / "mixed.jsonl")
        about = {"strategy": record.model_dump(), "language": language, "labels": labels, "written": names, "empty": renderer.segments("")}
        longest = params.model.max_reasoning if record.reasons else 0
        stage.write_json({**about, "max_reasoning": longest}, folder / "prompts.json")
    if fixed:
        say(f"{strategy}: rows {', '.join(rows.train['id'].iloc[fixed])} stand in every prompt and are not trained on")


def _mixed(ds: str, strategy: Strategy, language: str, seed: int) -> list[tuple[str, str]]:
    """Mixed texts and what the linear SVM calls them, which learnt the labels of the data set, none of them Uncertain."""
    from gencls.baselines import fitted_svm  # scikit-learn, which other strategies can do without
    from gencls.mixing import mixed

    splits = stage.splits(ds)
    train, validation = ((list(splits[split]["text"]), list(splits[split]["label"])) for split in ("train", "validation"))
    texts = mixed(train[0], strategy.mixed, language=language, seed=seed)
    return list(zip(texts, fitted_svm(train, validation, language=language, seed=seed)(texts), strict=True))


def _rationales(params: Params, ds: str, train: pd.DataFrame, strategy: Strategy) -> dict[str, str]:
    """Training row → its rationale, as the strategy teaches it."""
    if strategy.needs is None:
        return {}
    found = pd.read_parquet(paths.rationales(ds))
    if params.rationalise.keep == "consistent":
        found = found[~found["inconsistent"]]
    if found.empty:
        raise stage.StageError(
            f"{paths.rationales(ds)}: no training row of {ds} has a rationale, or none that rationalise.keep: {params.rationalise.keep} "
            f"keeps; {paths.rationalising(ds)} says why"
        )
    texts = list(found[strategy.needs])
    if strategy.reasoning == "shuffled":
        label = dict(zip(train["id"], train["label"], strict=True))
        texts = reasoning.shuffled(texts, [label[id] for id in found["id"]], seed=params.seed)
    return dict(zip(found["id"], texts, strict=True))


def frames(ds: str, strategy: Strategy) -> dict[Split, pd.DataFrame]:
    """The splits; under an `uncertain` strategy the training rows that `mine` marked are labelled Uncertain."""
    frames = stage.splits(ds)
    if strategy.uncertain:
        marked = set(pd.read_parquet(paths.mined(ds)).query("uncertain")["id"])
        frames["train"].loc[frames["train"]["id"].isin(marked), "label"] = UNCERTAIN
    return frames


if __name__ == "__main__":
    stage.run(main)
