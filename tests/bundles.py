"""Bundles of the tiny untrained model, under any strategy."""

from pathlib import Path
from typing import Any

from conftest import LABELS, rows

from gencls import bundle as bundles
from gencls import models
from gencls.bundle import Bundle, Measured, Origin, Score, TrainingRows
from gencls.drift import reading
from gencls.drift.reference import Reference
from gencls.labels import written
from gencls.model_card import render
from gencls.params import Neighbours, Strategy

TRAINING = TrainingRows([f"train-{i:05d}" for i in range(30)], *(list(column) for column in zip(*rows(30, seed=5), strict=True)))
KNOWN = reading.known(TRAINING.texts, "en")
VALIDATION = reading.Readings(KNOWN)
for i, (text, label) in enumerate(rows(120, seed=6)):
    VALIDATION.add(f"validation-{i:05d}", text, label, 0.4 + i / 400, abstained=False)
MEASURED = Measured(rows=30, accuracy=0.9, accuracy_ci=(0.8, 1), macro_f1=0.875, macro_f1_ci=(0.75, 1), log_loss=0.25, ece=0.125)
ORIGIN = Origin(
    title="sft/zero_shot · zero_shot · trie",
    grid=[Score(title="sft/zero_shot · zero_shot · trie", accuracy=0.9, macro_f1=0.875)],
    validation=MEASURED,
    test=MEASURED,
    base="builtin",
    base_commit=None,
    commit="0123abc",
    data={"train": "aa", "validation": "bb", "test": "cc"},
    parameters={"seed": 7},
    versions={"gencls": "0.1.0"},
)


def make(model: Path, folder: Path, strategy: Strategy | None = None, **changes: Any) -> Path:
    """Write a bundle to `folder`; `changes` are fields of `Bundle`."""
    strategy = strategy or Strategy()
    content: dict[str, Any] = {
        "data_set": "tickets",
        "language": "en",
        "labels": LABELS,
        "definitions": {"shipping": "Where the parcel is."},
        "strategy": strategy,
        "written": written(LABELS, strategy, language="en", seed=7),
        "fixed": [("hello late parcel", "shipping")] if strategy.examples == "fixed" else [],
        "decoding": "trie",
        "temperature": 1.5,
        "threshold": None,
        "precision": 0.95,
        "text": "text",
        "max_length": 160,
        "max_reasoning": 8 if strategy.reasons else 0,
        "batch_tokens": 1024,
        "dtype": "float32",
        "neighbours": Neighbours(),
        "seed": 7,
        "weights": models.digest(model),
        "origin": ORIGIN,
    }
    made = Bundle(**(content | changes))
    bundles.write(made, model, TRAINING, render(made, None), folder)
    Reference(KNOWN, VALIDATION.frame()).write(folder)
    return folder
