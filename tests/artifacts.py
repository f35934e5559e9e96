"""What the stages before `report` leave behind, in small: real metrics of made-up predictions. Paths are relative: chdir first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gencls import metrics, predictions, selection
from gencls.labels import UNCERTAIN
from gencls.params import Params
from gencls.selection import Cell
from tasks import paths, stage

SETTINGS = {"bootstrap": 200, "bins": 15, "seed": 7}
BASELINES = {"majority": 0.0, "knn": 0.7, "tfidf_logreg": 0.8, "linear_svm": 0.79}
SKILL = {"zero_shot": 0.84, "similar_3": 0.87, "definitions": 0.85, "uncertain": 0.83, "reinforce_pp": 0.86, "grpo": 0.855, "sft": 0.84}
"""Chance that a made-up arm knows the answer."""
OUTSIDE = 0.02
"""Share of the answers that generation leaves the label set with."""


def write(params: Params, ds: str, labels: Sequence[str], *, rows: int = 300, text: str = "{label}: made-up text") -> None:
    """Everything the report reads about one data set."""
    rng = np.random.default_rng(len(labels))
    gold = [str(label) for label in rng.choice(labels, size=rows, p=_shares(len(labels)))]
    made = Made(gold, [text.format(label=label, i=i) for i, label in enumerate(gold)], labels)
    _json(
        {name: made.record(paths.baseline(ds) / f"{name}.csv", skill) for name, skill in BASELINES.items()},
        paths.baseline(ds) / "metrics.json",
    )
    cells = [cell for model in stage.trained_under(params) for cell in _evaluation(params, ds, model, made)]
    _final(params, ds, cells, made)
    _json({"sequence_head": made.record(paths.head(ds) / "sequence_head.csv", 0.78)}, paths.head(ds) / "metrics.json")
    _curves(params, ds)
    _json(_mining(), paths.mining(ds))
    _json(_validation(ds, labels), paths.validation_json(ds))
    _json({"writer": "telling words", "written": list(labels), "definitions": {label: "words" for label in labels}}, paths.definitions(ds))
    _json({"stage": "sft", "seconds": 754.2}, paths.timing("sft", ds, params.grid.train[0]))


@dataclass(frozen=True)
class Made:
    """Rows with made-up answers; what a file says depends on its name alone."""

    gold: list[str]
    texts: list[str]
    labels: Sequence[str]

    def answers(self, file: Path, skill: float, decoding: str = "trie", *, uncertain: bool = False) -> tuple[list[str | None], np.ndarray]:
        """Answers and probabilities."""
        rng = np.random.default_rng(abs(hash_of(str(file))))
        rows, place = len(self.gold), {label: i for i, label in enumerate(self.labels)}
        strength = rng.gamma(2, 1.5, (rows, 1)) * (rng.random((rows, 1)) < skill)
        right = np.eye(len(self.labels))[[place[label] for label in self.gold]]
        scores = rng.normal(0, 1, (rows, len(self.labels))) + 2.5 * right * (0.6 + strength)
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True) if skill else np.tile(_shares(len(self.labels)), (rows, 1))
        predicted: list[str | None] = [self.labels[i] for i in p.argmax(axis=1)]
        if decoding == "generate":
            predicted = [None if rng.random() < OUTSIDE else label for label in predicted]
        if uncertain:
            predicted = [UNCERTAIN if row.max() < 0.4 else label for label, row in zip(predicted, p, strict=True)]
        return predicted, p

    def record(self, file: Path, skill: float, decoding: str = "trie") -> metrics.Record:
        """Write a predictions file."""
        predicted, p = self.answers(file, skill, decoding)
        file.parent.mkdir(parents=True, exist_ok=True)
        ids = [f"test-{i:05}" for i in range(len(self.gold))]
        predictions.write(predictions.frame(ids, self.texts, self.gold, predicted, p, self.labels), file)
        return metrics.evaluate(self.gold, predicted, p, labels=self.labels, **SETTINGS)


def _evaluation(params: Params, ds: str, model: str, made: Made) -> list[Cell]:
    """A model's row of the grid: asked as it was trained, it knows more."""
    trainer, name = model.split("/", 1)
    folder, own = paths.evaluation(ds, trainer, name), stage.trained_under(params)[model]
    asked, cells = {}, []
    for infer in params.grid.infer:
        skill, uncertain = SKILL[name.split("/")[-1]] - 0.05 * (infer != own), params.strategies[infer].uncertain
        columns = {d: made.answers(folder / f"{infer}-{d}.csv", skill, d, uncertain=uncertain)[0] for d in params.grid.decoding}
        known = {d: [None if answer == UNCERTAIN else answer for answer in given] for d, given in columns.items()}
        scores = {d: metrics.score(made.gold, given, labels=made.labels) for d, given in known.items()}
        shares = {d: given.count(UNCERTAIN) / len(given) for d, given in columns.items()}
        tokens = {label: 2 + i % 3 for i, label in enumerate(made.labels)}
        asked[infer] = {"scores": scores, "uncertain": shares, "label_tokens": tokens}
        cells += [Cell(trainer, name, infer, d, s["accuracy"], s["macro_f1"]) for d, s in scores.items()]
        table = {"id": [f"validation-{i}" for i in range(len(made.gold))], "label": made.gold}
        _csv(table | {d: [answer or "" for answer in given] for d, given in columns.items()}, folder / f"{infer}.csv")
    _json({"trainer": trainer, "name": name, "weights": "0", "cells": asked}, folder / "metrics.json")
    return cells


def _final(params: Params, ds: str, cells: list[Cell], made: Made) -> None:
    folder, roles = paths.final(ds), selection.roles(cells, stage.trained_under(params), stage.reasoning_arms(params))
    arms = {}
    for cell in roles.values():
        file, skill = folder / f"{cell.key}.csv", SKILL[cell.name.split("/")[-1]]
        record = made.record(file, skill, cell.decoding)
        np.save(file.with_suffix(".npy"), np.log(made.answers(file, skill, cell.decoding)[1]))
        trust = {"temperature": 1.25, "threshold": 0.7 if len(made.labels) < 100 else None}
        arms[cell.key] = {
            **vars(cell),
            **trust,
            "validation": record,
            "test": {**record, "cut_rows": 3 if cell.infer == "similar_3" else 0, "unended": 0},
        }
    _json({"roles": {role: cell.key for role, cell in roles.items()}, "arms": arms}, folder / "metrics.json")


def hash_of(text: str) -> int:
    """The same in every process, unlike `hash`."""
    return sum(ord(letter) * 31**i for i, letter in enumerate(text[-12:])) + len(text)


def _shares(count: int) -> np.ndarray:
    shares = 1 / np.arange(1, count + 1) ** 0.6
    return shares / shares.sum()


def _curves(params: Params, ds: str) -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(10, 4010, 10)
    _csv(
        {"step": steps, "epoch": steps / 1000, "loss": 6 * np.exp(-steps / 900) + 2 + rng.normal(0, 0.1, len(steps))},
        paths.curve("base", ds),
    )
    epochs = np.arange(1, 7)
    _csv({"step": epochs * 94, "epoch": epochs, "loss": 1 / epochs, "validation_accuracy": 0.8 - 0.4 / epochs}, paths.curve("head", ds))
    for i, name in enumerate(params.grid.train):
        values = {"train_loss": 1 / epochs, "validation_loss": 0.3 + 0.8 / epochs, "validation_accuracy": 0.9 - (0.3 + 0.05 * i) / epochs}
        _csv({"epoch": epochs, "step": epochs * 94} | values, paths.curve("sft", ds, name))
    steps = np.arange(5, 105, 5)
    for name in stage.rl_models(params):
        rise = 1 - np.exp(-steps / 40)
        values = {
            "reward": 0.5 + 0.3 * rise,
            "kl": 0.02 * rise,
            "entropy": 0.6 - 0.3 * rise,
            "dead_groups": 0.4 + 0.3 * rise,
            "invalid": 0 * rise,
        }
        controls = name.endswith("/sft")  # as from a warm-up that reasons, where nothing but validation is measured
        columns = {"step": steps, "samples": 0 * steps if controls else 512 * steps} | ({} if controls else values)
        _csv(columns | {"validation_accuracy": 0.84 + 0.01 * rise}, paths.curve("rl", ds, name))


def _mining() -> dict[str, object]:
    noise = {"rows": 120, "found": 111, "precision": 0.37, "recall": 0.925}
    return {"rows": 3000, "marked": 300, "threshold": 0.181, "scorers": ["word TF-IDF + logistic regression", "another"], "noise": noise}


def _validation(ds: str, labels: Sequence[str]) -> dict[str, object]:
    counts = {split: dict.fromkeys(labels, 10) for split in ("train", "validation", "test")}
    finding = {
        "check": "duplicate",
        "severity": "warning",
        "split": "train",
        "count": 4,
        "message": "4 rows of train repeat a text",
        "examples": [],
        "key": None,
    }
    rows = {"train": 3000, "validation": 500, "test": 1000}
    return {"data_set": ds, "ok": True, "rows": rows, "labels": counts, "lengths": {}, "findings": [finding], "expectations": 31}


def _csv(columns: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(file, index=False)


def _json(content: object, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
