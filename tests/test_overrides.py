"""What the form in the Prefect UI and the command line make of params.yaml."""

from pathlib import Path

import pytest
import toy_project

from flows import overrides, pipeline
from gencls.params import ParamsError

ROOT = Path(__file__).parents[1]


def test_overrides_keep_comments_and_the_rest_of_the_file() -> None:
    text = overrides.applied(toy_project.PARAMS, {"seed": 8, "sft": {"lr": 1e-5}})
    assert overrides.loaded(text, "") == overrides.loaded(toy_project.PARAMS, "") | {"seed": 8, "sft": {"epochs": 2, "lr": 1e-5}}
    assert "title: toy              # a comment that must survive\n" in text


def test_the_file_of_this_repository_survives_a_round_trip() -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert overrides.applied(text, {}) == text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"grid": {"train": ["nope"]}}, r"grid.train\[0\]: 'nope' is not defined under strategies; choices: zero_shot"),
        ({"sft": {"lr": -1}}, r"sft.lr: got -1"),
        ({"stf": {"lr": 1}}, r"stf: unknown key; choices: seed"),
    ],
)
def test_overrides_are_checked_as_a_whole(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        overrides.applied(toy_project.PARAMS, changed)


def test_an_untouched_form_changes_nothing() -> None:
    sections = [key for key, schema in overrides.Overrides.model_json_schema()["properties"].items() if "anyOf" in schema]
    assert {"sft", "rl", "base", "mine", "grid", "validate"} <= set(sections)
    assert overrides.changes(overrides.Overrides.model_validate(dict.fromkeys(sections))) == {}


def test_a_form_gives_what_was_filled_in_under_the_keys_of_the_file() -> None:
    filled = {"sft": {"epochs": 5}, "validate": {"leak": "warning"}, "model": {"lora": {"r": 4}}, "mine": {}}
    assert overrides.changes(overrides.Overrides.model_validate(filled)) == {key: filled[key] for key in ("sft", "validate", "model")}


def test_no_field_of_the_form_has_a_default_of_its_own() -> None:
    schema = overrides.Overrides.model_json_schema()
    fields = [field for model in [schema, *schema["$defs"].values()] for field in model["properties"].values()]
    assert {field.get("default") for field in fields} == {None}


def test_words_of_the_command_line_become_parameters() -> None:
    words = ["sft", "report", "jobs=1", "force=true", "seed=8", "sft.lr=1e-05", "grid.train=[zero_shot]"]
    assert pipeline.parameters(words) == {
        "stages": ["sft", "report"],
        "jobs": 1,
        "force": True,
        "overrides": {"seed": 8, "sft": {"lr": 1e-5}, "grid": {"train": ["zero_shot"]}},
    }


def test_null_is_refused_rather_than_left_out() -> None:
    with pytest.raises(
        ParamsError, match=r"'rl\.patience=null': null cannot be said for one run; leave rl\.patience out, or set it in params"
    ):
        pipeline.parameters(["sft.lr=1e-05", "rl.patience=null"])


def test_a_value_and_a_key_below_it_cannot_both_be_said() -> None:
    with pytest.raises(ParamsError, match=r"'sft\.lr=2': another word says sft=1, which has no keys; leave one out"):
        pipeline.parameters(["sft=1", "sft.lr=2"])
