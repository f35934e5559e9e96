"""The grid on validation: every trained model under every inference strategy and decoding, and what follows from it.

Does it help to ask a model with other prompts than it was trained with? GenCLS++ finds that the best inference strategy often differs from
the training strategy. Here each of a model's other strategies is compared with its own one on the same rows, and the best is shown. It is
picked on these very rows, so its difference leans high; Holm's correction is for all that were compared, which allows for the choice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gencls import metrics, selection
from gencls.length_bias import LengthShare, length_bias
from gencls.metrics import Difference
from gencls.selection import Cell

NO_DIFFERENCE: Difference = {"difference": 0.0, "ci": [0.0, 0.0], "p": 1.0}


@dataclass(frozen=True)
class Row:
    """One trained model's row of the grid."""

    trainer: str
    name: str
    trained_under: str
    """Strategy of its training prompts; of an RL model that of its warm-up."""
    cells: list[Cell]
    """In the order of params.yaml."""
    asked: dict[str, dict[str, Any]]
    """Inference strategy → what `evaluate` measured."""
    folder: Path
    """With <inference strategy>.csv: the answers per decoding."""

    @property
    def model(self) -> str:
        """`sft/zero_shot`."""
        return f"{self.trainer}/{self.name}"

    def best(self, decoding: str) -> Cell:
        """The best inference strategy under one decoding."""
        return selection.best([cell for cell in self.cells if cell.decoding == decoding])

    def own(self, decoding: str) -> Cell | None:
        """Asked as it was trained; None where that strategy is not asked with."""
        return next((cell for cell in self.cells if (cell.infer, cell.decoding) == (self.trained_under, decoding)), None)

    def answers(self, infer: str) -> pd.DataFrame:
        """id, label, and a column of answers per decoding: "" is outside the label set."""
        return pd.read_csv(self.folder / f"{infer}.csv", dtype=str, keep_default_na=False)


def read_row(folder: Path, trained_under: str, infers: Sequence[str], decodings: Sequence[str]) -> Row:
    """What `evaluate` left in a folder, for the enabled strategies and decodings."""
    measured = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    asked = {infer: measured["cells"][infer] for infer in infers}
    for cell in asked.values():
        for table in ("scores", "uncertain"):
            cell[table] = {decoding: cell[table][decoding] for decoding in decodings}
    return Row(measured["trainer"], measured["name"], trained_under, selection.cells(measured, infers, decodings), asked, folder)


@dataclass(frozen=True)
class Switch:
    """A model's best inference strategy against the one that it was trained under, plain decoding, on validation."""

    best: Cell
    own: Cell
    found: Difference
    """Accuracy, best minus own."""
    adjusted: float
    """p after Holm's correction for all comparisons of the table, shown or not; 1 where the own strategy is the best."""
    compared: int
    """Strategies that were compared with the model's own."""

    @property
    def switched(self) -> bool:
        """Whether another strategy than its own is the best."""
        return self.best.infer != self.own.infer


def switches(grid: Sequence[Row], *, bootstrap: int, seed: int) -> list[Switch]:
    """One per model that was asked as it was trained; none where there is only one strategy to ask with."""
    asked = [(row, own) for row in grid if (own := row.own(selection.plain(row.cells))) and len(row.asked) > 1]
    tried = [
        {infer: _difference(row, infer, own, bootstrap=bootstrap, seed=seed) for infer in row.asked if infer != own.infer}
        for row, own in asked
    ]
    adjusted = iter(metrics.holm([found["p"] for differences in tried for found in differences.values()]))
    corrected = [{infer: next(adjusted) for infer in differences} for differences in tried]
    return [_best(row, own, found, p) for (row, own), found, p in zip(asked, tried, corrected, strict=True)]


def _best(row: Row, own: Cell, tried: Mapping[str, Difference], adjusted: Mapping[str, float | None]) -> Switch:
    """The model's best strategy; its own one does not differ from itself."""
    best = row.best(own.decoding)
    p = adjusted.get(best.infer, 1.0)
    assert p is not None, "accuracy has an exact test"
    return Switch(best, own, tried.get(best.infer, NO_DIFFERENCE), p, len(tried))


def _difference(row: Row, infer: str, own: Cell, *, bootstrap: int, seed: int) -> Difference:
    one, other = row.answers(infer), row.answers(own.infer)
    if list(one["id"]) != list(other["id"]):
        raise ValueError(f"{row.folder}: {infer}.csv and {own.infer}.csv hold different rows, so they cannot be compared")
    answers = [[answer or None for answer in frame[own.decoding]] for frame in (one, other)]
    return metrics.paired(list(one["label"]), *answers, bootstrap=bootstrap, seed=seed)["accuracy"]


@dataclass(frozen=True)
class Lengths:
    """Whether decodings prefer labels for their length."""

    model: str
    infer: str
    table: list[LengthShare]
    rows: int
    """Compared: those that every decoding answered with a label."""
    left_out: int


def lengths(row: Row, infer: str) -> Lengths | None:
    """Of one model under one strategy; None where all labels have one length, or no row was answered with a label by all decodings."""
    tokens: dict[str, int] = row.asked[infer]["label_tokens"]
    if len(set(tokens.values())) == 1:
        return None
    place = {label: i for i, label in enumerate(tokens)}
    frame = row.answers(infer)[["label", *row.asked[infer]["scores"]]]
    numbers = frame.apply(lambda column: column.map(place)).dropna().astype(np.int64)
    if numbers.empty:
        return None
    gold, predicted = numbers["label"].to_numpy(), {name: numbers[name].to_numpy() for name in row.asked[infer]["scores"]}
    table = length_bias(np.array(list(tokens.values())), gold, predicted)
    return Lengths(row.model, infer, table, len(numbers), len(frame) - len(numbers))
