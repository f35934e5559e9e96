"""Strategies: what each field does to a prompt, which examples are shown, how labels are written, and that fields compose."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import LABELS, NAMES, rows

from gencls import examples, models, params
from gencls.define import first_line, telling_words
from gencls.errors import InputError
from gencls.labels import UNCERTAIN, written
from gencls.params import Strategy
from gencls.prompts import Renderer, read
from tasks import define, paths, render, stage

ROOT = Path(__file__).parents[1]
MEANINGS = {"refund": "Money is wanted back.", "refund status": "Where the money is.", "shipping": "Where the parcel is."}
TEXTS, GOLD = (list(column) for column in zip(*rows(60), strict=True))


def content(renderer: Renderer, *examples_: tuple[str, str]) -> str:
    return "".join(text for _, text in renderer.segments("where is it", examples_))


def test_definitions_stand_in_place_of_the_bare_list() -> None:
    assert content(Renderer(Strategy(definitions=True), NAMES, definitions=MEANINGS)) == (
        "Classify the text. Answer with one label.\nLabels:\nrefund: Money is wanted back.\nrefund status: Where the money is.\n"
        "shipping: Where the parcel is.\n\nText: where is it\nLabel:"
    )


def test_fixed_examples_come_before_what_differs_per_row() -> None:
    renderer = Renderer(Strategy(shots=1, examples="fixed"), NAMES, fixed=[("late", "shipping")])
    assert content(renderer).endswith("shipping\n\nText: late\nLabel: shipping\n\nText: where is it\nLabel:")


def test_all_fields_compose() -> None:
    strategy = Strategy(shots=1, examples="fixed", definitions=True, uncertain=True, labels="number")
    names = written(LABELS, strategy, language="en", seed=7)
    text = content(Renderer(strategy, names, definitions=MEANINGS, fixed=[("hm", UNCERTAIN)]))
    assert f"{names['refund']}: Money is wanted back.\n" in text and f"\n{names[UNCERTAIN]}\n" in text
    assert f"Text: hm\nLabel: {names[UNCERTAIN]}\n" in text
    assert not any(label in text.replace(meaning, "") for label in LABELS for meaning in MEANINGS.values())


def test_numbers_have_one_length_no_order_and_come_from_the_seed() -> None:
    labels = [f"label{i:03d}" for i in range(119)]
    names = written(labels, Strategy(labels="number"), language="en", seed=7)
    numbers = [int(name) for name in names.values()]
    assert list(names) == labels and len(set(numbers)) == 119 and {len(name) for name in names.values()} == {3}
    assert numbers != sorted(numbers) and abs(pd.Series(numbers).corr(pd.Series(range(119)))) < 0.3
    assert names == written(labels, Strategy(labels="number"), language="en", seed=7)
    assert names != written(labels, Strategy(labels="number"), language="en", seed=8)
    assert {len(n) for n in written(labels[:6], Strategy(labels="number"), language="en", seed=7).values()} == {1}


def test_uncertain_is_one_more_label_in_the_language_of_the_prompt() -> None:
    assert written(["a"], Strategy(uncertain=True), language="en", seed=7) == {"a": "a", UNCERTAIN: "Uncertain"}
    assert written(["a"], Strategy(uncertain=True), language="zh", seed=7) == {"a": "a", UNCERTAIN: "不确定"}
    with pytest.raises(InputError, match="has a label 'Uncertain' of its own"):
        written(["a", UNCERTAIN], Strategy(uncertain=True), language="en", seed=7)
    with pytest.raises(InputError, match="has a label '不确定' of its own"):
        written(["a", "不确定"], Strategy(uncertain=True), language="zh", seed=7)
    assert UNCERTAIN in written(["a", UNCERTAIN], Strategy(), language="en", seed=7)


def test_examples_without_shots_are_an_error() -> None:
    with pytest.raises(params.ParamsError, match=r"strategies\.s: .*examples: fixed needs shots; choices: 1, 3, 5"):
        params.parse({"datasets": {"d": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "s": {"examples": "fixed"}}})


def test_random_examples_differ_per_row_repeat_with_the_seed_and_never_show_the_row() -> None:
    texts = [f"text {i % 20}" for i in range(40)]
    drawn = examples.random(texts, texts, 5, seed=7)
    assert drawn == examples.random(texts, texts, 5, seed=7) != examples.random(texts, texts, 5, seed=8)
    assert all(len(set(row)) == 5 for row in drawn) and len({tuple(row) for row in drawn}) == 20
    assert examples.random(texts[5:6], texts, 5, seed=7) == drawn[5:6] == drawn[25:26], "a text's, wherever it stands"
    assert not any(texts[place] == text for text, row in zip(texts, drawn, strict=True) for place in row)
    with pytest.raises(InputError, match="3 examples wanted, but only 2 training rows have another text"):
        examples.random(["a"], ["a", "b", "c"], 3, seed=7)


def test_fixed_examples_take_one_typical_row_of_each_class_the_largest_first() -> None:
    texts = ["money back now", "money back", "money back please", "zebra money", "parcel late", "parcel so late", "odd"]
    labels = ["refund"] * 4 + ["shipping"] * 2 + ["other"]
    chosen = examples.fixed(texts, labels, 3, language="en")
    assert [labels[place] for place in chosen] == ["refund", "shipping", "other"]
    assert texts[chosen[0]] != "zebra money", "the odd one out of its class is not typical"
    assert [labels[place] for place in examples.fixed(texts, labels, 5, language="en")] == [
        "refund",
        "shipping",
        "other",
        "refund",
        "shipping",
    ]
    with pytest.raises(InputError, match="5 fixed examples wanted, but the training split has only 2 different texts"):
        examples.fixed(["a", "b", "a "], ["x", "y", "x"], 5, language="en")


def test_telling_words_tell_classes_apart() -> None:
    words = telling_words(TEXTS, GOLD, words=3, language="en")
    assert set(words) == set(LABELS)
    assert "parcel" in words["shipping"] and "when" in words["refund status"] and "back" in words["refund"]
    assert telling_words(["股市大涨", "球赛开始"], ["财经", "体育"], words=2, language="zh")["体育"].count("、") == 1
    assert telling_words(["money back", "4711"], ["refund", "code"], words=3, language="en") == {"refund": "back, money"}
    assert telling_words(["0815", "4711"], ["a", "b"], words=3, language="en") == {}


@pytest.fixture
def data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> params.Params:
    """A folder with a tiny data set, its mined rows, and parameters with every kind of strategy."""
    monkeypatch.chdir(tmp_path)
    for split, seed in (("train", 1), ("validation", 2), ("test", 3)):
        frame = pd.DataFrame(rows(30, seed), columns=["text", "label"])
        frame.insert(0, "id", [f"{split}-{i:05d}" for i in range(30)])
        paths.data("d").mkdir(parents=True, exist_ok=True)
        frame.to_parquet(paths.data("d") / f"{split}.parquet")
    stage.write_json({"language": "en", "labels": LABELS, "definitions": {"refund": MEANINGS["refund"]}}, paths.data("d") / "labels.json")
    paths.mined("d").parent.mkdir(parents=True)
    pd.DataFrame({"id": [f"train-{i:05d}" for i in range(30)], "uncertain": [i < 3 for i in range(30)]}).to_parquet(paths.mined("d"))
    strategies = {
        "zero_shot": {},
        "random_3": {"shots": 3},
        "fixed_3": {"shots": 3, "examples": "fixed"},
        "uncertain": {"uncertain": True},
        "all": {"shots": 3, "examples": "fixed", "definitions": True, "uncertain": True, "labels": "number"},
    }
    grid = {"train": ["zero_shot"], "infer": ["zero_shot"]}
    return params.parse({"datasets": {"d": {"source": "builtin"}}, "strategies": strategies, "grid": grid})


def test_missing_definitions_are_written_and_say_by_whom(data_set: params.Params) -> None:
    define.main(data_set, "d")
    made = json.loads(paths.definitions("d").read_text())
    assert made["writer"] == "telling words" and made["written"] == ["refund status", "shipping"]
    assert made["definitions"]["refund"] == MEANINGS["refund"] and "parcel" in made["definitions"]["shipping"]


def test_a_blank_definition_is_one_that_is_missing(data_set: params.Params) -> None:
    given = {"refund": MEANINGS["refund"], "shipping": " "}
    stage.write_json({"language": "en", "labels": LABELS, "definitions": given}, paths.data("d") / "labels.json")
    define.main(data_set, "d")
    made = json.loads(paths.definitions("d").read_text())
    assert made["written"] == ["refund status", "shipping"] and "parcel" in made["definitions"]["shipping"]


def test_an_instruct_base_is_asked_for_definitions(data_set: params.Params, base_folder: Path) -> None:
    settings = data_set.model_copy(update={"model": params.Model(base=str(base_folder), device="cpu", max_length=96)})
    paths.base("d").mkdir(parents=True)
    stage.write_json(models.resolve(settings.model), paths.base("d") / "pointer.json")
    define.main(settings, "d")
    made = json.loads(paths.definitions("d").read_text())
    assert made["writer"] == str(base_folder) and set(made["definitions"]) == set(LABELS)


@pytest.mark.parametrize(("answer", "line"), [(" Money back.\nMore", "Money back."), ("", "refund"), ("<think>\nWell", "refund")])
def test_a_definition_is_the_first_line_of_an_answer_and_no_thought(answer: str, line: str) -> None:
    assert first_line(answer, "refund") == line


def test_marked_rows_are_taught_as_uncertain_and_evaluated_with_their_gold_label(data_set: params.Params) -> None:
    define.main(data_set, "d")
    render.main(data_set, "d", "uncertain")
    train, test = (read(paths.prompts("d", "uncertain") / f"{split}.jsonl") for split in ("train", "test"))
    assert [prompt.id for prompt in train if prompt.label == UNCERTAIN] == ["train-00000", "train-00001", "train-00002"]
    assert all(prompt.label in LABELS for prompt in test)
    about = stage.read_json(paths.prompts("d", "uncertain") / "prompts.json")
    assert about["labels"] == LABELS and list(about["written"]) == [*LABELS, UNCERTAIN]


def test_rows_shown_in_every_prompt_are_not_trained_on(data_set: params.Params) -> None:
    define.main(data_set, "d")
    render.main(data_set, "d", "all")
    train = read(paths.prompts("d", "all") / "train.jsonl")
    shown = {text for prompt in train for kind, text in prompt.segments[:-2] if kind == "text"}
    assert len(shown) == 3 and not shown & {prompt.text for prompt in train}
    heads = {"".join(text for _, text in prompt.segments[:-2]) for prompt in train}
    assert len(heads) == 1, "all that stands before the text is the same for every row"


def test_rendering_twice_gives_the_same_bytes(data_set: params.Params) -> None:
    define.main(data_set, "d")
    for strategy in data_set.strategies:
        render.main(data_set, "d", strategy)
        before = {file.name: file.read_bytes() for file in paths.prompts("d", strategy).iterdir()}
        render.main(data_set, "d", strategy)
        assert {file.name: file.read_bytes() for file in paths.prompts("d", strategy).iterdir()} == before


def test_a_new_field_takes_one_record_and_one_function(tmp_path: Path, data_set: params.Params) -> None:
    """What CONTRIBUTING promises: a hint line is a field of `Strategy` and a line of `Renderer.head`, in a copy of the library."""
    shutil.copytree(ROOT / "gencls", tmp_path / "gencls")
    shutil.copytree(ROOT / "tasks", tmp_path / "tasks")
    record, function = tmp_path / "gencls/params/strategies.py", tmp_path / "gencls/prompts.py"
    patch(record, "    definitions: bool = False\n", '    hint: str = ""\n')
    patch(function, "        t = self.template\n", "        if self.strategy.hint:\n            return self.strategy.hint\n")
    define.main(data_set, "d")
    strategies = {"zero_shot": {}, "hinted": {"hint": "Mind the tone. "}}
    content = {"datasets": {"d": {"source": "builtin"}}, "strategies": strategies, "grid": {"train": ["zero_shot"], "infer": ["zero_shot"]}}
    (tmp_path / "params.yaml").write_text(json.dumps(content))
    done = subprocess.run([sys.executable, "-m", "tasks.render", "d", "hinted"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert read(paths.prompts("d", "hinted") / "test.jsonl")[0].content.startswith("Mind the tone. Text: ")


def patch(file: Path, before: str, new: str) -> None:
    """Insert before the first occurrence of `before`."""
    text = file.read_text(encoding="utf-8")
    assert before in text
    at = text.index(before) + (len(before) if before.startswith("        t") else 0)
    file.write_text(text[:at] + new + text[at:], encoding="utf-8")
