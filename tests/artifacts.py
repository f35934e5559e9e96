"""What the stages before `report` leave behind, in small: real metrics of made-up predictions. Paths are relative: chdir first."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gencls import metrics
from gencls.baselines import BASELINES
from gencls.params import Params
from tasks import paths

SETTINGS = {"bootstrap": 200, "bins": 15, "seed": 7}
SKILL = {"majority": 0.0, "knn": 0.7, "tfidf_logreg": 0.8, "linear_svm": 0.79, "sequence_head": 0.78}
SKILL |= {"zero_shot": 0.84, "similar_3": 0.87, "definitions": 0.85, "reinforce_pp": 0.85}
"""Chance that a made-up arm knows the answer."""


def write(params: Params, ds: str, labels: Sequence[str], *, rows: int = 300, text: str = "{label}: made-up text") -> None:
    """Everything the report reads about one data set."""
    rng = np.random.default_rng(len(labels))
    gold = [str(label) for label in rng.choice(labels, size=rows, p=_shares(len(labels)))]
    texts = [text.format(label=label, i=i) for i, label in enumerate(gold)]
    records = {name: _answers(paths.baseline(ds) / f"{name}.csv", gold, texts, labels, SKILL[name]) for name in BASELINES}
    _json(records, paths.baseline(ds) / "metrics.json")
    head = _answers(paths.head(ds) / "sequence_head.csv", gold, texts, labels, SKILL["sequence_head"])
    _json({"sequence_head": head}, paths.head(ds) / "metrics.json")
    models = [("sft", name) for name in params.grid.train] + [("rl", name) for name in params.rl.algorithms]
    for trainer, name in models:
        for infer in params.grid.infer:
            _cell(params, (ds, trainer, name, infer), gold, texts, labels)
    _curves(params, ds)
    _json(_mining(), paths.mining(ds))
    _json(_validation(ds, labels), paths.validation_json(ds))
    _json({"stage": "sft", "seconds": 754.2}, paths.timing("sft", ds, params.grid.train[0]))


def _cell(params: Params, cell: tuple[str, str, str, str], gold: list[str], texts: list[str], labels: Sequence[str]) -> None:
    folder = paths.evaluation(*cell)
    _, trainer, name, infer = cell
    skill = SKILL[name] - (0 if infer == name or trainer == "rl" else 0.05)
    splits = {
        split: {
            decoding: _answers(folder / file.format(decoding), gold, texts, labels, skill, decoding) for decoding in params.grid.decoding
        }
        for split, file in (("validation", "validation_{}.csv"), ("test", "predictions_{}.csv"))
    }
    head = {"trainer": trainer, "name": name, "infer": infer, "cut_rows": {"validation": 0, "test": 3 if infer == "similar_3" else 0}}
    _json(head | splits, folder / "metrics.json")


def _answers(file: Path, gold: list[str], texts: list[str], labels: Sequence[str], skill: float, decoding: str = "trie") -> metrics.Record:
    rng = np.random.default_rng(abs(hash_of(str(file))))
    place = {label: i for i, label in enumerate(labels)}
    strength = rng.gamma(2, 1.5, (len(gold), 1)) * (rng.random((len(gold), 1)) < skill)
    scores = rng.normal(0, 1, (len(gold), len(labels))) + (np.eye(len(labels)) * 2.5)[[place[label] for label in gold]] * (0.6 + strength)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    if skill == 0:
        p = np.tile(_shares(len(labels)), (len(gold), 1))
    predicted: list[str | None] = [labels[i] for i in p.argmax(axis=1)]
    probabilities = p
    if decoding == "generate":
        predicted = [None if rng.random() < 0.02 else label for label in predicted]
        probabilities = None
    file.parent.mkdir(parents=True, exist_ok=True)
    ids = [f"test-{i:05}" for i in range(len(gold))]
    metrics.predictions_frame(ids, texts, gold, predicted, probabilities, labels).to_csv(file, index=False)
    return metrics.evaluate(gold, predicted, probabilities, labels=labels, **SETTINGS)


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
    for algorithm in params.rl.algorithms:
        rise = 1 - np.exp(-steps / 40)
        values = {
            "reward": 0.5 + 0.3 * rise,
            "kl": 0.02 * rise,
            "entropy": 0.6 - 0.3 * rise,
            "dead_groups": 0.4 + 0.3 * rise,
            "invalid": 0 * rise,
        }
        _csv({"step": steps} | values | {"validation_accuracy": 0.84 + 0.01 * rise}, paths.curve("rl", ds, algorithm))


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


def _csv(columns: dict[str, np.ndarray], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(file, index=False)


def _json(content: object, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
