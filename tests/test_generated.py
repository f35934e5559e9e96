"""What holds for every generated data set: repeatable, honest splits, recorded noise, and words for every label."""

import random
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_args

import pandas as pd
import pytest

from gencls.params import BuiltinDataSet, SplitRows
from gencls.sources import builtin, generated
from gencls.sources.rows import SourceError

NAMES: tuple[str, ...] = get_args(BuiltinDataSet.model_fields["generator"].annotation)
MIDDLE = {name: SplitRows(train=1200, validation=100, test=500) for name in NAMES}
NOISE = 0.04

Frames = dict[str, pd.DataFrame]


@pytest.fixture(params=NAMES, scope="module")
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def module(name: str) -> ModuleType:
    return import_module(f"gencls.sources.{name}")


@pytest.fixture(scope="module")
def recipe(name: str) -> generated.Recipe:
    found: generated.Recipe = import_module(f"gencls.sources.{name}.generate").RECIPE
    return found


@pytest.fixture(scope="module")
def middle(name: str, module: ModuleType) -> Frames:
    frames: Frames = module.generate(MIDDLE[name], noise=NOISE, seed=7)
    return frames


def few(module: ModuleType) -> SplitRows:
    labels = len(module.DEFINITIONS)
    return SplitRows(train=labels, validation=labels + 1, test=2 * labels - 1)


def test_every_generator_has_a_package_a_card_and_a_preset() -> None:
    sources, root = Path(builtin.__file__).parent, Path(__file__).parent.parent
    assert sorted(NAMES) == sorted(folder.parent.name for folder in sources.glob("*/generate.py"))
    for name in NAMES:
        assert (root / f"data/raw/{name}/README.md").exists()
        assert any(f"generator: {name}\n" in file.read_text(encoding="utf-8") for file in (root / "presets").glob("*.yaml"))


def test_a_generator_has_its_own_number_of_rows_where_the_parameters_have_none(name: str, module: ModuleType) -> None:
    frames = builtin.read(BuiltinDataSet(source="builtin", generator=name), seed=7)
    assert {split: len(frame) for split, frame in frames.items()} == module.ROWS.model_dump()


def test_the_same_seed_gives_the_same_rows(module: ModuleType) -> None:
    first, second = (module.generate(few(module), noise=NOISE, seed=3) for _ in range(2))
    for split in first:
        pd.testing.assert_frame_equal(first[split], second[split])


def test_another_seed_gives_other_rows(module: ModuleType) -> None:
    first, second = (set(module.generate(few(module), noise=NOISE, seed=seed)["test"]["text"]) for seed in (3, 4))
    assert len(first & second) < 0.1 * len(first)


def test_every_split_has_the_rows_asked_for_and_every_label(module: ModuleType) -> None:
    splits = module.generate(few(module), noise=NOISE, seed=7)
    assert {split: len(frame) for split, frame in splits.items()} == few(module).model_dump()
    for frame in splits.values():
        assert set(frame["label"]) == set(module.DEFINITIONS)


def test_the_columns_are_text_and_label_and_in_training_the_truth(middle: Frames) -> None:
    assert list(middle["train"]) == ["text", "label", "clean_label"]
    assert list(middle["validation"]) == list(middle["test"]) == ["text", "label"]


def test_no_text_occurs_twice_in_or_across_splits(middle: Frames) -> None:
    texts = [re.sub(r"\W", "", text.casefold()) for frame in middle.values() for text in frame["text"]]
    assert len(texts) == len(set(texts))


def test_no_slot_is_left_open(middle: Frames) -> None:
    for frame in middle.values():
        assert not frame["text"].str.contains(r"[{}|]|  |^\s|\s$").any()


def test_a_larger_training_split_leaves_the_other_splits_as_they_are(name: str, module: ModuleType, middle: Frames) -> None:
    larger = module.generate(MIDDLE[name].model_copy(update={"train": 1500}), noise=NOISE, seed=7)
    for split in ("validation", "test"):
        pd.testing.assert_frame_equal(larger[split], middle[split])


@pytest.mark.parametrize("noise", [0.0, 0.04, 0.3])
def test_exactly_the_noise_asked_for_is_recorded(name: str, module: ModuleType, noise: float) -> None:
    train = module.generate(MIDDLE[name], noise=noise, seed=7)["train"]
    assert (train["label"] != train["clean_label"]).sum() == round(noise * len(train))


def test_noise_changes_labels_and_nothing_else(name: str, module: ModuleType, middle: Frames) -> None:
    clean = module.generate(MIDDLE[name], noise=0.0, seed=7)
    assert list(clean["train"]["text"]) == list(middle["train"]["text"])
    assert list(clean["train"]["label"]) == list(middle["train"]["clean_label"])


def test_most_wrong_labels_are_easily_taken_for_the_right_one(name: str, module: ModuleType, recipe: generated.Recipe) -> None:
    train = module.generate(MIDDLE[name], noise=0.3, seed=7)["train"]
    wrong = train[train["label"] != train["clean_label"]]
    confusable = sum(row.label in recipe.confusable[row.clean_label] for row in wrong.itertuples())
    assert 0.7 < confusable / len(wrong) < 0.95


def test_fewer_rows_than_labels_are_refused(name: str, module: ModuleType) -> None:
    labels = len(module.DEFINITIONS)
    with pytest.raises(SourceError, match=rf"rows\.test: got {labels - 1}; the generator {name} needs at least {labels}"):
        module.generate(few(module).model_copy(update={"test": labels - 1}), noise=NOISE, seed=7)


class SeenAll(set[str]):
    """As if every text had been written before."""

    def isdisjoint(self, other: Iterable[object]) -> bool:
        return False


def test_an_exhausted_grammar_says_so(recipe: generated.Recipe) -> None:
    label = next(iter(recipe.weights))
    writer = recipe.writer(random.Random(7), all_phrases=True)
    with pytest.raises(SourceError, match=f"the generator {recipe.name} has no more distinct texts for '{label}'"):
        generated.new_text(recipe.name, label, writer, SeenAll())


def test_definitions_are_sorted_lines_without_blanks(module: ModuleType, recipe: generated.Recipe) -> None:
    assert list(module.DEFINITIONS) == sorted(recipe.weights)
    assert len(set(module.DEFINITIONS.values())) == len(module.DEFINITIONS)
    assert all(line.endswith(".") and "\n" not in line for line in module.DEFINITIONS.values())


def test_confusable_labels_exist_and_are_others(recipe: generated.Recipe) -> None:
    assert list(recipe.confusable) != [] and set(recipe.confusable) == set(recipe.weights)
    for label, others in recipe.confusable.items():
        assert others and set(others) <= set(recipe.weights) - {label}
