"""The bundle on disk: what it holds, that transformers reads it, that other versions and damaged folders are named."""

import json
import re
from pathlib import Path

import bundles
import pytest
import torch
from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoTokenizer

from gencls import bundle
from gencls.bundle import BundleError
from gencls.calibration import OperatingPoint
from gencls.model_card import render
from gencls.params import Strategy

SIMILAR = Strategy(shots=1, examples="similar")


@pytest.fixture(scope="module")
def similar(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.make(base_folder, tmp_path_factory.mktemp("bundles") / "similar", SIMILAR)


@pytest.fixture
def spoiled(base_folder: Path, tmp_path: Path) -> Path:
    return bundles.make(base_folder, tmp_path / "spoiled", SIMILAR)


def test_transformers_reads_it_as_any_model(similar: Path, base_folder: Path) -> None:
    ids = torch.tensor([AutoTokenizer.from_pretrained(similar)("where is my parcel")["input_ids"]])
    with torch.inference_mode():
        found, expected = (AutoModelForCausalLM.from_pretrained(folder)(input_ids=ids).logits for folder in (similar, base_folder))
    assert torch.equal(found, expected)


def test_it_reads_back_as_written_and_again_gives_the_same_bytes(similar: Path, base_folder: Path, tmp_path: Path) -> None:
    read = bundle.read(similar)
    assert read.strategy == SIMILAR and read.retrieves and bundle.training_rows(similar) == bundles.TRAINING
    again = bundles.make(base_folder, tmp_path / "again", SIMILAR)
    assert {f.name: f.read_bytes() for f in again.iterdir()} == {f.name: f.read_bytes() for f in similar.iterdir()}
    assert len({f.stat().st_mode for f in again.iterdir()}) == 1, "whoever may read one file may read all, the weights too"


def test_training_texts_are_in_it_only_where_prompts_show_them(similar: Path, base_folder: Path, tmp_path: Path) -> None:
    assert (similar / bundle.TRAINING).exists()
    for name, strategy in {"zero": Strategy(), "fixed": Strategy(shots=1, examples="fixed")}.items():
        folder = bundles.make(base_folder, tmp_path / name, strategy)
        assert not (folder / bundle.TRAINING).exists() and bundle.read(folder).strategy == strategy


@pytest.mark.parametrize(("version", "advice"), [(99, "a newer gencls reads it"), (0, "make it again with `dvc repro`")])
def test_another_version_is_named_with_what_to_do(spoiled: Path, version: int, advice: str) -> None:
    change(spoiled, version=version)
    with pytest.raises(BundleError, match=rf"bundle\.json: the bundle has version {version}, this gencls reads version 1; {advice}"):
        bundle.read(spoiled)


def change(folder: Path, **changes: object) -> None:
    file = folder / bundle.MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_folder_that_is_no_bundle_is_told_from_a_damaged_one(spoiled: Path, base_folder: Path, tmp_path: Path) -> None:
    for folder, message in (
        (tmp_path / "absent", "no such folder"),
        (base_folder, "holds a model but no bundle.json"),
        (tmp_path, "it has no bundle.json; bundles in it: spoiled"),
    ):
        with pytest.raises(BundleError, match=re.escape(message)):
            bundle.read(folder)
    change(spoiled, temperature="warm")
    with pytest.raises(BundleError, match="damaged: temperature: "):
        bundle.read(spoiled)
    change(spoiled, temperature=1.0)
    (spoiled / bundle.TRAINING).unlink()
    with pytest.raises(BundleError, match=r"training\.parquet is missing"):
        bundle.read(spoiled)
    (spoiled / bundle.MANIFEST).write_text("{")
    with pytest.raises(BundleError, match="not JSON"):
        bundle.read(spoiled)


def test_the_card_is_one_that_the_hub_reads(similar: Path) -> None:
    card = ModelCard((similar / bundle.CARD).read_text(encoding="utf-8"))
    scores = {(r.metric_name, r.metric_value, r.dataset_split) for r in card.data.eval_results}
    assert scores == {("Accuracy", 0.9, "test"), ("Macro-F1", 0.875, "test")}
    assert card.data.library_name == "transformers" and card.data.pipeline_tag == "text-classification"
    text = card.text
    for said in ("90.0 [80.0, 100.0]", "commit of code and parameters: `0123abc`", "train rows: sha256 `aa`", "seed: 7"):
        assert said in text
    assert "**shipping**: Where the parcel is." in text and "loses its middle" in text and "whoever has the model can read them" in text


def test_the_card_says_what_the_threshold_gives_on_test(base_folder: Path, tmp_path: Path) -> None:
    made = bundle.read(bundles.make(base_folder, tmp_path / "b", threshold=0.7))
    point: OperatingPoint = {"threshold": 0.7, "coverage": 0.4, "precision": 0.96, "precision_low": 0.9}
    assert "below a confidence of 0.7000" in render(made, point) and "40.0 % of the rows, of those answers 96.0 % are right" in render(
        made, point
    )
    assert "never abstains" in render(made.model_copy(update={"threshold": None}), None)
