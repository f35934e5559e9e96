"""What is compared. An arm is one way to answer the test split: a baseline, or a trained model under one inference strategy and decoding.

Which arm is best is decided on validation alone. Test numbers are shown for two arms per model, the best one and its own one (the strategy
it was trained under), so that nobody picks the winner of a large table on the test split by eye.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from gencls import metrics
from gencls.metrics import Paired, Record

PLAIN_STRATEGY = "zero_shot"
PLAIN_DECODING = "trie"


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
    validation: Record | None = None
    """None for a baseline: it has no cell to choose."""
    cut_rows: int = 0
    """Test texts that did not fit into the model."""

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
        """Read once, and only for the arms that are shown."""
        return metrics.read_predictions(self.file)

    @property
    def answers(self) -> list[str | None]:
        """Predicted labels, None outside the label set."""
        return [label or None for label in self.predictions["predicted"]]


def read_baselines(*folders: Path) -> list[Arm]:
    """The arms of the folders of the baseline and head stages."""
    return [
        Arm("baseline", name, record, folder / f"{name}.csv")
        for folder in folders
        for name, record in json.loads((folder / "metrics.json").read_text(encoding="utf-8")).items()
    ]


def read_cell(folder: Path, decodings: Sequence[str]) -> list[Arm]:
    """The arms of an evaluate stage's folder, one per enabled decoding."""
    cell = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return [
        Arm(
            cell["trainer"],
            cell["name"],
            cell["test"][decoding],
            folder / f"predictions_{decoding}.csv",
            cell["infer"],
            decoding,
            cell["validation"][decoding],
            cell["cut_rows"].get("test", 0),
        )
        for decoding in decodings
    ]


@dataclass(frozen=True)
class Results:
    """Every arm of a data set, and the choices that follow from them."""

    baselines: list[Arm]
    cells: list[Arm]
    """The grid; of equals the earlier one is chosen."""
    trained_under: dict[str, str]
    """Model → the strategy of its training prompts; for RL that of its warm-up."""

    @property
    def labels(self) -> list[str]:
        """The label set, in the order of the confusion."""
        return list(self.baselines[0].test["per_class"])

    @property
    def chosen(self) -> dict[str, Arm]:
        """Each model's best arm on validation."""
        return {model: _best([arm for arm in self.cells if arm.model == model]) for model in self.trained_under}

    @property
    def own(self) -> dict[str, Arm]:
        """Each model as it was trained, under the plain decoding; missing where that strategy is not in the grid."""
        arms = {model: self._find(model, strategy, self._plain_decoding) for model, strategy in self.trained_under.items()}
        return {model: arm for model, arm in arms.items() if arm is not None}

    @property
    def winner(self) -> Arm:
        """The best arm of all on validation."""
        return _best(list(self.chosen.values()))

    @property
    def naive(self) -> Arm | None:
        """Naive SFT: zero-shot prompts in training and inference, the point of comparison of GenCLS++."""
        return self._find(f"sft/{PLAIN_STRATEGY}", PLAIN_STRATEGY, self._plain_decoding)

    @property
    def best_baseline(self) -> Arm:
        """By its TEST accuracy: if this errs, then in favour of the baseline."""
        return max(self.baselines, key=lambda arm: arm.test["accuracy"])

    @property
    def shown(self) -> list[Arm]:
        """The arms whose test numbers are shown: baselines, then per model the chosen and the own one."""
        pairs = [arm for model in self.trained_under for arm in (self.chosen[model], self.own.get(model)) if arm is not None]
        return [*self.baselines, *_distinct(pairs)]

    def warm_up(self, model: str) -> Arm:
        """The chosen arm of the SFT model that an RL model started from."""
        return self.chosen[f"sft/{self.trained_under[model]}"]

    @property
    def _plain_decoding(self) -> str:
        decodings = [arm.decoding for arm in self.cells]
        return PLAIN_DECODING if PLAIN_DECODING in decodings else decodings[0]

    def _find(self, model: str, infer: str, decoding: str) -> Arm | None:
        return next((arm for arm in self.cells if (arm.model, arm.infer, arm.decoding) == (model, infer, decoding)), None)


def compare(a: Arm, b: Arm, *, bootstrap: int, seed: int) -> Paired:
    """`a` minus `b` on the same test rows.

    Raises:
        ValueError: the two files do not hold the same rows.
    """
    if list(a.predictions["id"]) != list(b.predictions["id"]):
        raise ValueError(f"{a.file} and {b.file} hold different rows, so they cannot be compared")
    return metrics.paired(list(a.predictions["label"]), a.answers, b.answers, bootstrap=bootstrap, seed=seed)


def _best(arms: list[Arm]) -> Arm:
    return max(arms, key=_on_validation)


def _on_validation(arm: Arm) -> tuple[float, float]:
    assert arm.validation is not None, f"{arm.title} has no validation record"
    return arm.validation["accuracy"], arm.validation["macro_f1"]


def _distinct(arms: list[Arm]) -> list[Arm]:
    return list({arm.title: arm for arm in arms}.values())
