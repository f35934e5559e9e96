"""Mixed texts: what they are made of, who labels them, and that SFT meets each of them in one epoch and the rows in all."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import LABELS, NAMES, rows

from gencls import models, params, sft
from gencls.baselines import fitted_svm
from gencls.mixing import mixed
from gencls.params import Model, Sft, Strategy
from gencls.prompts import Prompt, Renderer, read
from gencls.scheme import LabelScheme
from gencls.training import Run
from tasks import ask, paths, render, stage


def test_a_mixed_text_is_runs_of_words_of_many_texts_and_as_long_as_one_of_them() -> None:
    texts = ["a1 a2 a3 a4 a5 a6 a7 a8", "b1 b2 b3 b4 b5 b6 b7 b8 b9", "c1"]
    made = [text.split() for text in mixed(texts, 300, language="en", seed=7)]
    assert Counter(map(len, made)).keys() == {1, 8, 9}
    assert {word for words in made for word in words} == set(" ".join(texts).split())
    pairs = [pair for words in made for pair in pairwise(words)]
    assert 0.5 < sum(" ".join(pair) in " ".join(texts) for pair in pairs) / len(pairs) < 0.8, "pieces have three words on average"
    assert len({tuple(words) for words in made if len(words) > 1}) == sum(len(words) > 1 for words in made), "all are new"
    assert mixed(texts, 300, language="en", seed=7) == [" ".join(words) for words in made] != mixed(texts, 300, language="en", seed=8)


@pytest.mark.parametrize(("text", "language"), [("股市大涨", "zh"), ("荷物はどこですか", "en"), ("ช่วยด้วย", "en")])
def test_texts_in_scripts_without_spaces_are_mixed_by_characters(text: str, language: str) -> None:
    made = mixed([text], 50, language=language, seed=7)
    assert {len(new) for new in made} == {len(text)} and set("".join(made)) == set(text) and len(set(made)) > 5


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mixed": -1}, "mixed: got -1; input should be greater than or equal to 0"),
        (
            {"mixed": 9, "shots": 3, "examples": "similar"},
            "mixed: beside a mixed text would stand the rows that it is made of; choices: examples: fixed",
        ),
        ({"mixed": 9, "shots": 1}, "mixed: beside a mixed text would stand the rows"),
        ({"mixed": 9, "reasoning": "written"}, "mixed: a mixed text has no rationale, which reasoning: written needs"),
    ],
)
def test_what_mixed_texts_cannot_have_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(params.ParamsError, match=rf"strategies\.s.*{message}"):
        params.parse({"datasets": {"d": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "s": fields}})


def test_rows_that_rl_is_to_find_new_are_not_mixed() -> None:
    content = {"datasets": {"d": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "mixed": {"mixed": 9}}}
    with pytest.raises(
        params.ParamsError, match=r"grid.train\[1\]: mixed texts of 'mixed' are made of all training rows, those of rl.holdout 0.3"
    ):
        params.parse(content | {"rl": {"holdout": 0.3}, "grid": {"train": ["zero_shot", "mixed"], "infer": ["zero_shot"]}})


def test_the_svm_labels_them_and_no_evaluation_row_is_among_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frames = {}
    for split, seed in (("train", 1), ("validation", 2), ("test", 3)):
        frame = pd.DataFrame(rows(60, seed), columns=["text", "label"])
        frame["text"] += f" {split}"
        frame.insert(0, "id", [f"{split}-{i:05d}" for i in range(60)])
        paths.data("d").mkdir(parents=True, exist_ok=True)
        frame.to_parquet(paths.data("d") / f"{split}.parquet")
        frames[split] = frame
    stage.write_json({"language": "en", "labels": LABELS, "definitions": {}}, paths.data("d") / "labels.json")
    paths.definitions("d").parent.mkdir(parents=True)
    stage.write_json({"definitions": {}}, paths.definitions("d"))
    content = {"zero_shot": {}, "mixed": {"mixed": 300, "labels": "number"}}
    grid = {"train": ["zero_shot", "mixed"], "infer": ["zero_shot", "mixed"]}
    given = params.parse({"datasets": {"d": {"source": "builtin"}}, "strategies": content, "grid": grid})
    for strategy in content:
        render.main(given, "d", strategy)
    assert not (paths.prompts("d", "zero_shot") / "mixed.jsonl").exists()
    made = read(paths.prompts("d", "mixed") / "mixed.jsonl")
    both = [(list(frames[split]["text"]), list(frames[split]["label"])) for split in ("train", "validation")]
    assert [prompt.label for prompt in made] == fitted_svm(*both, language="en", seed=7)([prompt.text for prompt in made])
    assert len(made) == 300 and {prompt.label for prompt in made} == set(LABELS)
    assert not any("validation" in prompt.text or "test" in prompt.text for prompt in made)
    assert made[0].content.split("\n")[0] == read(paths.prompts("d", "mixed") / "train.jsonl")[0].content.split("\n")[0]
    before = {file.name: file.read_bytes() for file in paths.prompts("d", "mixed").iterdir()}
    render.main(given, "d", "mixed")
    assert {file.name: file.read_bytes() for file in paths.prompts("d", "mixed").iterdir()} == before
    ask.main(given, "d")
    assert "mixed.jsonl" not in stage.read_json(paths.asked("d"))["mixed"], "what is only learnt makes nothing be asked again"


def test_sft_meets_each_of_them_in_one_epoch_and_the_rows_in_all(
    base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, tokenizer = models.load(base_folder, Model(device="cpu", max_length=96), trainable=True)
    scheme = LabelScheme.build(tokenizer, NAMES, 96)
    renderer = Renderer(Strategy(), NAMES)
    prompts = [Prompt(str(i), renderer.segments(text), label) for i, (text, label) in enumerate(rows(30, seed=1))]
    both = {"train": scheme.encode(prompts), "validation": scheme.encode(prompts[:6])}
    met: list[tuple[int, int]] = []
    once = sft.Once.met

    def noted(self: sft.Once, row: dict[str, Any], epoch: int) -> dict[str, Any]:
        found = once(self, row, epoch)
        met.append((epoch, found["row"]))
        return found

    monkeypatch.setattr(sft.Once, "met", noted)
    sft.finetune(network, scheme, both, Sft(epochs=3, batch_size=4), Run(7, tmp_path / "scratch", tmp_path / "curve.csv"), once=18)
    assert Counter(row for _, row in met if row < 12) == dict.fromkeys(range(12), 3)
    assert Counter(row for _, row in met if row >= 12) == dict.fromkeys(range(12, 30), 1)
    assert {epoch: len([1 for at, row in met if at == epoch and row >= 12]) for epoch in range(3)} == {0: 6, 1: 6, 2: 6}
