"""What is compared on test. An arm is one way to answer the test split: a baseline, or a cell of the grid that has a role.

Roles are given on validation (gencls/selection.py), and only cells with a role were run on test (tasks/final.py), so nobody can pick the
winner of a large table on the test split.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from gencls import metrics, predictions
from gencls.arrays import Floats
from gencls.metrics import Paired, Record
from gencls.report.grid import Row
from gencls.selection import PLAIN_STRATEGY, rl_role, title, warm_up, warm_up_role

CONTROL = "sft"
"""Algorithm of the control of RL: as many more steps of plain SFT."""


@dataclass(frozen=True)
class Arm:
    """One way to answer, measured."""

    trainer: str
    """baseline, sft or rl."""
    name: str
    """Baseline, training strategy, or warm-up and RL algorithm: `zero_shot/grpo`."""
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
    def warm_up(self) -> str:
        """Of an RL model, the strategy of the SFT model that it started from."""
        return warm_up(self.name)

    @property
    def algorithm(self) -> str:
        """Of an RL model."""
        return self.name.split("/")[-1]

    @property
    def title(self) -> str:
        """The model and how it is asked."""
        return title(self.model, self.infer, self.decoding)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Read once."""
        return predictions.read(self.file)

    @cached_property
    def log_probabilities(self) -> Floats:
        """(N, L) log p(label | prompt) behind the predictions of a cell, as exact as they were scored."""
        found: Floats = np.load(self.file.with_suffix(".npy"))
        return found

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


def best_baseline(arms: Sequence[Arm]) -> Arm:
    """By its TEST accuracy: if this errs, then in favour of the baseline."""
    return max(arms, key=lambda arm: arm.test["accuracy"])


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
        """The one that the winner is held against."""
        return best_baseline(self.baselines)

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
        """Role → arm of each RL model, the controls among them, in the order of params.yaml."""
        return {role: arm for role, arm in self.roles.items() if arm.trainer == "rl" and role == rl_role(arm.name)}

    def warm_up(self, rl: Arm) -> Arm:
        """What an RL model started from."""
        return self.roles[warm_up_role(rl.warm_up)]

    def control(self, rl: Arm) -> Arm | None:
        """As many more steps of plain SFT from the same warm-up; None where they are not among the algorithms."""
        return self.roles.get(rl_role(f"{rl.warm_up}/{CONTROL}"))

    @property
    def pairs(self) -> dict[str, tuple[Arm, Arm]]:
        """The questions that the page answers, `a` against `b`; two roles of one cell have a difference of 0."""
        wanted = {
            "best_vs_naive": ("best", "naive_sft"),
            "best_train_vs_naive": ("best_train", "naive_sft"),
            "best_cell_vs_naive": ("best_cell", "naive_sft"),
            "best_cell_vs_best_train": ("best_cell", "best_train"),
            **{f"{a}_vs_{b}": (a, b) for role in self.rl for a, b in self._rl_pairs(role)},
        }
        found = {name: (self.roles[a], self.roles[b]) for name, (a, b) in wanted.items() if a in self.roles and b in self.roles}
        return found | {"best_vs_best_baseline": (self.winner, self.best_baseline)}

    def _rl_pairs(self, role: str) -> list[tuple[str, str]]:
        """An RL model against its warm-up, continued SFT and REINFORCE++ from there; started elsewhere, it stands against naive SFT's."""
        arm = self.rl[role]
        others = [rl_role(f"{arm.warm_up}/{algorithm}") for algorithm in (CONTROL, "reinforce_pp") if arm.algorithm != CONTROL]
        pairs = [(role, other) for other in (warm_up_role(arm.warm_up), *others) if other != role]
        return pairs + ([] if arm.warm_up == PLAIN_STRATEGY else [(rl_role(f"{PLAIN_STRATEGY}/{arm.algorithm}"), role)])


def compare(a: Arm, b: Arm, *, bootstrap: int, seed: int) -> Paired:
    """`a` minus `b` on the same test rows.

    Raises:
        ValueError: the two files do not hold the same rows.
    """
    if list(a.predictions["id"]) != list(b.predictions["id"]):
        raise ValueError(f"{a.file} and {b.file} hold different rows, so they cannot be compared")
    return metrics.paired(list(a.predictions["label"]), a.answers, b.answers, bootstrap=bootstrap, seed=seed)
