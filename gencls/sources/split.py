"""One table into train, validation and test: seeded, stratified by label, texts together that are one to a reader."""

import random

import pandas as pd

from gencls.alike import plain
from gencls.params import SPLITS, Split

Unit = list[int]
"""Rows (positions) that share a text: in two splits they would be a leak."""


def stratified(frame: pd.DataFrame, *, validation: float, test: float, seed: int) -> dict[Split, pd.DataFrame]:
    """Split a frame with columns text and label by shares; rows keep their order, and rows of one text stay together.

    Rounding errors are carried from class to class, so that each class is within one text of its share and small classes together get
    theirs. Every class keeps a training row, so a class with a single text is in training only.
    """
    units = _units(frame["text"])
    labels = frame["label"].fillna("").tolist()
    classes: dict[str, list[Unit]] = {}
    for unit in units:
        classes.setdefault(labels[unit[0]], []).append(unit)
    rng = random.Random(seed)
    place: list[Split] = ["train"] * len(frame)
    seen = 0
    for label in sorted(classes):
        members = classes[label]
        rng.shuffle(members)
        before, seen = seen, seen + len(members)
        n_test = _round(seen * test) - _round(before * test)
        n_validation = _round(seen * validation) - _round(before * validation)
        _put(members[:n_test], "test", place)
        _put(members[n_test : n_test + n_validation], "validation", place)
    _keep_in_training(units, labels, place)
    return {split: frame[[split == p for p in place]].reset_index(drop=True) for split in SPLITS}


def _units(texts: pd.Series) -> list[Unit]:
    units: dict[str | int, Unit] = {}
    for row, text in enumerate(texts):
        units.setdefault(plain(text) if isinstance(text, str) else row, []).append(row)
    return list(units.values())


def _put(units: list[Unit], split: Split, place: list[Split]) -> None:
    for unit in units:
        for row in unit:
            place[row] = split


def _keep_in_training(units: list[Unit], labels: list[str], place: list[Split]) -> None:
    """Move a text of each class that has no training row back."""
    for label in sorted(set(labels)):
        if not any(p == "train" and name == label for p, name in zip(place, labels, strict=True)):
            _put([next(unit for unit in units if any(labels[row] == label for row in unit))], "train", place)


def _round(x: float) -> int:
    """Halves up; the built-in rounds them to even."""
    return int(x + 0.5)
