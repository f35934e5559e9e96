import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import copy_of
from dvc.utils.serialize import modify_yaml
from ruamel.yaml import YAML

from gencls import params
from gencls.params import GitDataSet, HubDataSet
from gencls.sources import read
from gencls.sources.rows import digest
from tasks import fetch

ROOT = Path(__file__).parent.parent
PRESETS = sorted((ROOT / "presets").glob("*.yaml"))


def raw(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def names(path: Path) -> str:
    return path.stem


def needed_keys(content: Any) -> set[str]:
    """Keys that dvc.yaml asks of a parameter file; DVC refuses to run where one is missing."""
    cells = {"ds": content["datasets"], "strategy": content["strategies"]}
    keys = {key for stage in raw(ROOT / "dvc.yaml")["stages"].values() for key in stage.get("params", [])}
    keys |= set(re.findall(r"\$\{((?!item)[\w.]+)\}", (ROOT / "dvc.yaml").read_text()))
    for name, values in cells.items():
        keys = {key.replace(f"${{item.{name}}}", value) for key in keys for value in values}
    return keys


def test_the_default_preset_is_params_yaml() -> None:
    assert raw(ROOT / "presets/default.yaml") == raw(ROOT / "params.yaml")


@pytest.mark.parametrize("path", PRESETS, ids=names)
def test_a_preset_is_a_valid_parameter_file(path: Path) -> None:
    for name, data_set in params.load(path).datasets.items():
        assert (ROOT / "data/raw" / name / "README.md").exists()
        if isinstance(data_set, GitDataSet | HubDataSet):
            assert set(data_set.sha256) == {"train", "validation", "test"}
            assert re.fullmatch("[0-9a-f]{40}", (data_set.rev if isinstance(data_set, GitDataSet) else data_set.revision) or "")


@pytest.mark.parametrize("path", PRESETS, ids=names)
def test_a_preset_has_every_key_that_dvc_asks_for(path: Path) -> None:
    content = raw(path)
    for key in needed_keys(content):
        value = content
        for part in key.split("."):
            assert isinstance(value, dict) and part in value, key
            value = value[part]


@pytest.mark.parametrize("path", PRESETS, ids=names)
def test_a_preset_says_how_to_use_it(path: Path) -> None:
    assert f"cp presets/{path.name} params.yaml && dvc repro" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PRESETS, ids=names)
def test_a_preset_survives_that_dvc_writes_a_parameter(path: Path, tmp_path: Path) -> None:
    """As `dvc exp run -S seed=8` does; in mappings such as `{a: b}` it would lose the quotes."""
    copy = tmp_path / "params.yaml"
    copy.write_bytes(path.read_bytes())
    with modify_yaml(str(copy)) as content:
        content["seed"] = 8
    assert raw(copy) == {**raw(path), "seed": 8}


@pytest.mark.parametrize("path", PRESETS, ids=names)
def test_the_copies_are_the_rows_that_a_preset_names(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data_set in params.load(path).datasets.items():
        if not isinstance(data_set, GitDataSet | HubDataSet):
            continue
        monkeypatch.setenv("GENCLS_DATA", str(copy_of(name).parent))
        frames = fetch.rows(data_set, name, seed=0)
        assert {split: digest(frame) for split, frame in frames.items()} == data_set.sha256


def test_the_preset_of_the_file_without_a_header_reads_one(tmp_path: Path) -> None:
    lines = [f'{label},"{label}, number {i}"\n' for label in ("Books", "Clothing & Accessories") for i in range(20)]
    (tmp_path / "ecommerceDataset.csv").write_text("".join(lines), encoding="utf-8")
    frames = read(params.load(ROOT / "presets/ecommerce.yaml").datasets["ecommerce"], tmp_path, seed=7)
    assert {split: len(frame) for split, frame in frames.items()} == {"train": 28, "validation": 4, "test": 8}
    assert all(text.startswith(f"{label}, number ") for text, label in frames["train"][["text", "label"]].itertuples(index=False))


@pytest.mark.parametrize("file", sorted((ROOT / "data/raw").glob("*/definitions.json")), ids=lambda file: file.parent.name)
def test_every_label_is_defined_or_none_is(file: Path) -> None:
    copy = copy_of(file.parent.name) / "train.jsonl"
    labels = {json.loads(line)["label"] for line in copy.read_text(encoding="utf-8").split("\n") if line}
    assert set(json.loads(file.read_text(encoding="utf-8"))) == labels


@pytest.mark.parametrize("path", PRESETS, ids=names)
def test_a_preset_names_every_knob(path: Path) -> None:
    """`dvc exp run -S key=value` overrides only keys that stand in the file."""
    content = raw(path)
    for name, info in params.Params.model_fields.items():
        section, key = info.annotation, info.alias or name
        if isinstance(section, type) and issubclass(section, params.Section):
            missing = {field for field in section.model_fields if field not in content[key]}
            assert not missing, f"{path.name}: {key} lacks {sorted(missing)}"


@pytest.mark.parametrize(("study", "of"), [("rl_emotion", "emotion"), ("rl_eic", "eic"), ("rl_intents", "default")])
def test_an_rl_study_shares_base_and_sft_with_the_preset_of_its_data_set(study: str, of: str) -> None:
    """Or its cells would be trained twice."""
    content, other = raw(ROOT / f"presets/{study}.yaml"), raw(ROOT / f"presets/{of}.yaml")
    own = {"strategies", "grid", "head", "report"}
    for section in set(content) - own - {"rl"}:
        assert content[section] == other[section], section
    paper = {"reinforce_pp", "reinforce_pp_baseline", "grpo"}
    assert paper | {"sft"} <= set(content["rl"]["algorithms"])
    assert {**content["rl"], "algorithms": None} == {**other["rl"], "algorithms": None}
    assert content["strategies"]["zero_shot"] == other["strategies"]["zero_shot"]


def test_the_rl_study_over_reasonings_shares_all_it_can_with_the_presets_that_it_joins() -> None:
    content, reasoning, direct = (raw(ROOT / f"presets/{name}.yaml") for name in ("rl_reasoned_intents", "reasoning_intents", "rl_intents"))
    for section in set(content) - {"grid", "rl", "report"}:
        assert content[section] == reasoning[section], section
    assert set(content["grid"]["train"]) == {*reasoning["grid"]["train"], "zero_shot"}
    own = {"algorithms", "warmups"}
    assert {key: value for key, value in content["rl"].items() if key not in own} == {
        key: value for key, value in direct["rl"].items() if key not in own
    }
