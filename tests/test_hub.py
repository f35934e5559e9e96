"""Rows of a data set in the hub's format, from a local folder."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gencls.params import HubDataSet
from gencls.sources import SourceError, Unreachable, read


@pytest.fixture
def hub_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set in the hub's format: a parquet file per split, label numbers with names."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    features = datasets.Features({"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    folder = tmp_path / "reviews"
    (folder / "data").mkdir(parents=True)
    for split, rows in {"train": [("x", 1), ("y", 0), ("w", 0), ("v", 1)], "test": [("z", 0), ("hidden", -1)]}.items():
        table = datasets.Dataset.from_dict({"sentence": [t for t, _ in rows], "label": [n for _, n in rows]}, features=features)
        table.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def hub_spec(folder: Path, **keys: object) -> HubDataSet:
    splits = {"train": "train[:50%]", "validation": "train[50%:]", "test": "test"}
    return HubDataSet.model_validate({"source": "hub", "id": str(folder), "text": "sentence", "splits": splits, **keys})


def test_a_hub_data_set_gives_names_for_class_numbers_and_parts_of_splits(hub_folder: Path) -> None:
    frames = read(hub_spec(hub_folder), hub_folder, seed=0)
    assert frames["train"].to_dict("records") == [
        {"id": "train-00000", "text": "x", "label": "pos"},
        {"id": "train-00001", "text": "y", "label": "neg"},
    ]
    assert frames["validation"]["text"].tolist() == ["w", "v"]
    assert frames["test"]["label"].isna().tolist() == [False, True]


def test_a_hub_data_set_without_a_column_split_or_configuration_is_an_error(hub_folder: Path) -> None:
    for keys, expected in (
        ({"text": "body"}, "no column 'body'"),
        ({"splits": {"train": "train", "validation": "dev", "test": "test"}}, "dev"),
        ({"config": "nope"}, "nope"),
    ):
        with pytest.raises(SourceError, match=expected):
            read(hub_spec(hub_folder, **keys), hub_folder, seed=0)


def test_a_hub_id_needs_a_revision_and_a_network() -> None:
    with pytest.raises(ValidationError, match="needs `revision`"):
        HubDataSet(source="hub", id="owner/name")
    with pytest.raises(Unreachable, match="owner/name"):
        read(HubDataSet(source="hub", id="owner/name", revision="a" * 40), Path(), seed=0)
