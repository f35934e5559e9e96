"""The whole of params.yaml, and what its sections ask of each other."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import Field, model_validator

from gencls.params.datasets import RESERVED_NAMES, AnyDataSet, Validate
from gencls.params.models import Base, Model
from gencls.params.reasoning import Rationalise, Reasoner
from gencls.params.reporting import Evaluate, Grid, Report
from gencls.params.scoring import Score
from gencls.params.section import Name, Section
from gencls.params.strategies import Define, Mine, Neighbours, Strategy
from gencls.params.training import Algorithm, Head, Rl, Sft


class Params(Section):
    """The whole of params.yaml."""

    seed: int = Field(default=7, ge=0)
    model: Model = Model()
    datasets: dict[Name, AnyDataSet] = Field(min_length=1)
    strategies: dict[Name, Strategy] = Field(min_length=1)
    grid: Grid = Grid()
    checks: Validate = Field(default=Validate(), alias="validate")
    base: Base = Base()
    mine: Mine = Mine()
    define: Define = Define()
    neighbours: Neighbours = Neighbours()
    head: Head = Head()
    reasoner: Reasoner = Reasoner()
    rationalise: Rationalise = Rationalise()
    sft: Sft = Sft()
    rl: Rl = Rl()
    evaluate: Evaluate = Evaluate()
    report: Report = Report()
    score: Score = Score()

    @model_validator(mode="after")
    def _names_are_defined(self) -> "Params":
        for key in ("train", "infer"):
            for i, name in enumerate(getattr(self.grid, key)):
                _require(name, self.strategies, f"grid.{key}[{i}]", "strategies")
        for i, name in enumerate(self.rl.starts):
            _require(name, self.grid.train, f"rl.warmups[{i}]", "grid.train")
        for name in self.datasets:
            if name in RESERVED_NAMES:
                raise ValueError(f"datasets.{name}: the name is reserved for a folder of data/; reserved: {', '.join(RESERVED_NAMES)}")
        return self

    @model_validator(mode="after")
    def _what_is_compared_is_asked_as_it_was_trained(self) -> "Params":
        """RL against its warm-up, and the arms of the reasoning comparison: no other cell stands for them on test."""
        compared = {f"rl.warmups[{i}]": name for i, name in enumerate(self.rl.starts)}
        compared |= {f"grid.train[{i}]": name for i, name in enumerate(self.grid.train) if self.strategies[name].needs}
        for key, name in compared.items():
            like = [other for other, strategy in self.strategies.items() if strategy.asked == self.strategies[name].asked]
            if not set(like) & set(self.grid.infer):
                raise ValueError(
                    f"{key}: {name!r} is trained, but grid.infer has no strategy that asks as it was trained, without which it is compared "
                    f"with nothing on test; add one to grid.infer; choices: {', '.join(like)}"
                )
        return self

    @model_validator(mode="after")
    def _held_out_rows_are_in_no_mixed_text(self) -> "Params":
        for i, name in enumerate(self.grid.train):
            if self.rl.holdout and self.strategies[name].mixed:
                raise ValueError(
                    f"grid.train[{i}]: mixed texts of {name!r} are made of all training rows, those of rl.holdout {self.rl.holdout} "
                    "among them; choose one of the two"
                )
        return self

    @model_validator(mode="after")
    def _training_is_not_rounded_away(self) -> "Params":
        """bfloat16 has eight significant bits: to a weight of 0.02 it adds nothing below 0.00006, and a step at 2e-5 is that small."""
        if self.model.dtype == "bfloat16" and self.model.lora is None:
            raise ValueError(
                "model.dtype: got 'bfloat16' without model.lora; most steps of weights that are kept in bfloat16 are rounded away; "
                "choices: float32, or model.lora, whose adapters are kept in float32"
            )
        return self

    @model_validator(mode="after")
    def _reasoned_answers_can_be_drawn(self) -> "Params":
        reasoned = [name for name in self.rl.starts if self.strategies[name].reasons]
        if reasoned and "expected" in self.rl.algorithms:
            others = [name for name in get_args(Algorithm) if name != "expected"]
            raise ValueError(
                f"rl.algorithms: 'expected' sums over the labels, but the warm-up {reasoned[0]!r} (rl.warmups) reasons first, and "
                f"reasonings cannot be summed over; choices: {', '.join(others)}"
            )
        if reasoned and self.rl.samples < 2 and set(self.rl.algorithms) - {"sft"}:
            raise ValueError(f"rl.samples: got 1; answers of {reasoned[0]!r} (rl.warmups), which reasons, are drawn by TRL: 2 or more")
        return self

    @model_validator(mode="after")
    def _rationales_are_written(self) -> "Params":
        for name, strategy in self.strategies.items():
            key = f"strategies.{name}.reasoning: {strategy.reasoning}"
            if strategy.needs and not self.reasoner.enabled:
                raise ValueError(f"{key} needs rationales; set reasoner.enabled to true")
            if strategy.needs and strategy.needs not in self.rationalise.kinds:
                raise ValueError(f"{key} needs {strategy.needs!r} among rationalise.kinds, which has {', '.join(self.rationalise.kinds)}")
        if self.reasoner.enabled and "blind" in self.rationalise.kinds and not self.reasoner.blind:
            raise ValueError("rationalise.kinds: blind needs a reasoner that has seen questions without answers; raise reasoner.blind")
        return self


def _require(name: str, defined: Mapping[str, Any] | list[str], key: str, where: str) -> None:
    if name not in defined:
        raise ValueError(f"{key}: {name!r} is not defined under {where}; choices: {', '.join(defined)}")
