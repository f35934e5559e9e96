"""What is compared on test. An arm is one way to answer the test split: a baseline, or a cell of the grid that has a role.

Roles are given on validation (gencls/selection.py), and only cells with a role were run on test (tasks/final.py), so nobody can pick the
winner of a large table on the test split.
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from gencls import metrics
from gencls.metrics import Paired, Record
from gencls.report.grid import Row

CONTROL = "rl_sft"
"""Role of the control of RL: as many more steps of plain SFT."""


@dataclass(frozen=True)
class Arm:
    """One way to answer, measured."""

    trainer: str
    """baseline, sft or rl."""
    name: str
    """Baseline, training strategy or RL algorithm."""
    test: Record
    file: Path
    """Predictions on the test split."""
    infer: str = ""
    decoding: str = ""
    cut_rows: int = 0
    """Test texts that did not fit into the model."""
    unended: int = 0
    """Reasonings on test that did not end within the limit."""
    temperature: float = 1.0
    """Fitted on validation; a baseline's probabilities stay as they are."""
    threshold: float | None = None
    """Of the confidence at that temperature: below it the model had better abstain. None where no threshold is precise enough."""

    @property
    def model(self) -> str:
        """`sft/zero_shot`, `baseline/majority`."""
        return f"{self.trainer}/{self.name}"

    @property
    def title(self) -> str:
        """The model and how it is asked."""
        return " · ".join(part for part in (self.model, self.infer, self.decoding) if part)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Read once."""
        return metrics.read_predictions(self.file)

    @property
    def answers(self) -> list[str | None]:
        """Predicted labels, None outside the label set."""
        return [label or None for label in self.predictions["predicted"]]

    @property
    def right(self) -> list[bool]:
        """Row by row."""
        return [metrics.correct(answer, gold) for answer, gold in zip(self.answers, self.predictions["label"], strict=True)]


def read_baselines(*folders: Path) -> list[Arm]:
    """The arms of the folders of the baseline and head stages."""
    return [
        Arm("baseline", name, record, folder / f"{name}.csv")
        for folder in folders
        for name, record in json.loads((folder / "metrics.json").read_text(encoding="utf-8")).items()
    ]


def read_final(folder: Path) -> dict[str, Arm]:
    """Role → arm; two roles of one cell have the same arm."""
    final = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    arms = {
        key: Arm(
            trainer=cell["trainer"],
            name=cell["name"],
            test=cell["test"],
            file=folder / f"{key}.csv",
            infer=cell["infer"],
            decoding=cell["decoding"],
            cut_rows=cell["test"]["cut_rows"],
            unended=cell["test"]["unended"],
            temperature=cell["temperature"],
            threshold=cell["threshold"],
        )
        for key, cell in final["arms"].items()
    }
    return {role: arms[key] for role, key in final["roles"].items()}


def validation(arm: Arm) -> Arm:
    """An arm of `read_final` with its predictions on validation in place of those on test."""
    return replace(arm, file=arm.file.with_suffix(".validation.csv"))


@dataclass(frozen=True)
class Results:
    """Everything measured on one data set."""

    baselines: list[Arm]
    roles: dict[str, Arm]
    """As in gencls/selection.py; a role that the grid has no cell for is absent, `best` never is."""
    grid: list[Row]
    """Every trained model on validation, in the order of params.yaml."""

    @property
    def labels(self) -> list[str]:
        """The label set, in the order of the confusion."""
        return list(self.winner.test["per_class"])

    @property
    def winner(self) -> Arm:
        """The best cell of all on validation."""
        return self.roles["best"]

    @property
    def naive(self) -> Arm | None:
        """Naive SFT: zero-shot prompts in training and inference, the point of comparison of GenCLS++."""
        return self.roles.get("naive_sft")

    @property
    def best_baseline(self) -> Arm:
        """By its TEST accuracy: if this errs, then in favour of the baseline."""
        return max(self.baselines, key=lambda arm: arm.test["accuracy"])

    @property
    def taught(self) -> list[Arm]:
        """All arms that learnt something from the texts: all but the majority."""
        return [arm for arm in (*self.baselines, *self.cells) if arm.name != "majority"]

    @property
    def cells(self) -> list[Arm]:
        """The arms behind the roles, each once."""
        return list({arm.title: arm for arm in self.roles.values()}.values())

    @property
    def named(self) -> dict[str, Arm]:
        """Name in the machine-readable files → arm."""
        return {arm.name: arm for arm in self.baselines} | self.roles

    @property
    def rl(self) -> dict[str, Arm]:
        """Role → arm of each RL algorithm, the control among them."""
        return {role: arm for role, arm in self.roles.items() if role.startswith("rl_")}

    @property
    def pairs(self) -> dict[str, tuple[Arm, Arm]]:
        """The questions that the page answers, `a` against `b`; two roles of one cell have a difference of 0."""
        wanted = {
            "best_vs_naive": ("best", "naive_sft"),
            "best_train_vs_naive": ("best_train", "naive_sft"),
            "best_cell_vs_naive": ("best_cell", "naive_sft"),
            "best_cell_vs_best_train": ("best_cell", "best_train"),
            **{f"{role}_vs_warm_up": (role, "warm_up") for role in self.rl},
            **{f"{role}_vs_{CONTROL}": (role, CONTROL) for role in self.rl if role != CONTROL},
        }
        found = {name: (self.roles[a], self.roles[b]) for name, (a, b) in wanted.items() if a in self.roles and b in self.roles}
        return found | {"best_vs_best_baseline": (self.winner, self.best_baseline)}


def compare(a: Arm, b: Arm, *, bootstrap: int, seed: int) -> Paired:
    """`a` minus `b` on the same test rows.

    Raises:
        ValueError: the two files do not hold the same rows.
    """
    if list(a.predictions["id"]) != list(b.predictions["id"]):
        raise ValueError(f"{a.file} and {b.file} hold different rows, so they cannot be compared")
    return metrics.paired(list(a.predictions["label"]), a.answers, b.answers, bootstrap=bootstrap, seed=seed)
