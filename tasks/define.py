"""define: data/<ds>, models/base/<ds> → data/definitions/<ds>.json: one line per label, and who wrote it."""

import pandas as pd

from gencls.params import Params
from gencls.progress import say
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Take the data set's definitions; write those that it lacks from training rows, with the base if that can be asked."""
    about = stage.label_set(ds)
    given = {label: line for label, line in (about.get("definitions") or {}).items() if line.strip()}
    missing = [label for label in about["labels"] if label not in given]
    writer, made = _write(params, ds, missing, about["language"]) if missing else ("data set", {})
    definitions = {label: given.get(label) or made[label] for label in about["labels"]}
    with stage.writing(paths.definitions(ds)) as file:
        stage.write_json({"writer": writer if missing else "data set", "written": missing, "definitions": definitions}, file)
    say(f"{ds}: {len(given)} definitions from the data set, {len(missing)} from {writer}" if missing else f"{ds}: the data set defines all")


def _write(params: Params, ds: str, missing: list[str], language: str) -> tuple[str, dict[str, str]]:
    """(who wrote them, label → definition) for labels without one."""
    train = pd.read_parquet(paths.data(ds) / "train.parquet")
    if params.model.base == "builtin":
        from gencls.define import telling_words

        words = telling_words(list(train["text"]), list(train["label"]), words=params.define.words, language=language)
        return "telling words", {label: words.get(label, label) for label in missing}
    from gencls import models
    from gencls.define import ask

    model, tokenizer = models.load(paths.base(ds), params.model)
    shown = {label: list(train.loc[train["label"] == label, "text"]) for label in missing}
    return params.model.base, ask(model, tokenizer, shown, language=language)


if __name__ == "__main__":
    stage.run(main)
