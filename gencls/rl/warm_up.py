"""What the RL trainers share: the warm-up is their start, their reference and, where nothing is better on validation, their result.

Also when validation is measured, which rows have a right answer at all, and what happens where the reward says nothing.
"""

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import TrainerCallback

from gencls.errors import InputError
from gencls.labels import UNCERTAIN
from gencls.params import Rl
from gencls.progress import say
from gencls.scheme import Rows
from gencls.training import EvaluateAtEnd, Patience, Run, Validated, optimisation, settings

CURVE = ["step", "samples", "reward", "kl", "entropy", "dead_groups", "invalid", "eval_loss", "eval_accuracy"]
"""Columns of an RL run's learning curve; `samples` are all that were drawn up to the step."""
ENOUGH_DRAWS = 1000
"""Fewer that all have one reward may be chance."""


class NothingToLearnError(InputError):
    """Every draw was wrong from the start; the message says what that means and what to do."""


class FromWarmUp(Validated):
    """Mixin before a Trainer whose model is the warm-up, which stays at hand: a frozen copy, or the weights without the LoRA adapter."""

    def __init__(self: Any, model: Any, *args: Any, **kwargs: Any) -> None:
        self._warm_up = None if isinstance(model, PeftModel) else copy.deepcopy(model).requires_grad_(False)
        super().__init__(model, *args, **kwargs)
        if self._warm_up is not None:
            self._warm_up.__dict__.pop("forward", None)  # of a model from another trainer, whose wrapper is bound to the model itself
            self._warm_up.to(self.model.device)  # Trainer has moved the model where the launcher wants it
        self._tally = Tally(self.model.device)

    @contextmanager
    def _reference(self: Any) -> Iterator[Any]:
        """The model that the KL is measured from."""
        with nullcontext() if self._warm_up is not None else self.model.disable_adapter():
            yield self.model if self._warm_up is None else self._warm_up

    def _total(self: Any, tensor: Tensor) -> Tensor:
        """Sum over all processes."""
        total: Tensor = self.accelerator.reduce(tensor, "sum")
        return total

    def best(self: Any) -> Any:
        """The best checkpoint, which is loaded by now, or the warm-up itself where no checkpoint was better on validation."""
        start = next(entry["eval_score"] for entry in self.state.log_history if "eval_score" in entry)
        if start < self.state.best_metric:
            return self.model.eval()
        say("no checkpoint is better on validation than the warm-up, which stays")
        return self.model.unload().eval() if self._warm_up is None else self._warm_up

    def evaluate(self: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Validation, after which a run ends that has nothing left to learn; `Tally.perfect` says when, and raises."""
        perfect = self._tally.perfect(self._total, over=self.state.global_step >= self.state.max_steps)
        metrics: dict[str, float] = super().evaluate(*args, **kwargs)
        self.control.should_training_stop |= perfect
        return metrics


class Unwrapped:
    """Mixin before a Trainer whose forward passes bypass DDP's wrapper, which therefore does not average the gradients.

    Keys and values of a shared prefix are computed beside the pass that uses them, which DDP's bookkeeping does not expect.
    """

    def training_step(self: Any, *args: Any, **kwargs: Any) -> Tensor:
        """With gradients of all processes; averaging again what is equal already, as of earlier parts of a step, changes nothing."""
        loss: Tensor = super().training_step(*args, **kwargs)  # type: ignore[misc]  # of the Trainer behind it
        if self.accelerator.num_processes > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad = self.accelerator.reduce(parameter.grad, "mean")
        return loss


class Tally:
    """Counts what was drawn from the first step on, and knows when the reward was constant from the start.

    A resumed run has missed the first step and counts nothing.
    """

    def __init__(self, device: torch.device) -> None:
        self._counts, self._steps = torch.zeros(4, device=device), 0

    def add(self, step: int, right: Tensor, outside: Tensor, formed: Tensor | None = None) -> None:
        """Draws of a step, 1 or 0 each: right, outside the label set, of a form that has a reward of its own."""
        if step == self._steps:
            formed = torch.zeros_like(right) if formed is None else formed
            self._counts += torch.stack([column.sum() for column in (right, outside, formed, torch.ones_like(right))])
            self._steps += 1

    def perfect(self, total: Callable[[Tensor], Tensor], *, over: bool) -> bool:
        """Whether all of enough draws were right, which is said: there is nothing left to learn, and the warm-up is the result.

        Args:
            total: sums over processes.
            over: whether no draw follows, so that few are enough.

        Raises:
            NothingToLearnError: all were wrong.
        """
        right, outside, formed, drawn = (int(n) for n in total(self._counts))
        constant = right in (0, drawn) and formed in (0, drawn)
        if not constant or not drawn or (drawn < ENOUGH_DRAWS and not over):
            return False
        start = f"the {drawn} labels drawn in the first {self._steps} steps of RL are all"
        if not right:
            raise NothingToLearnError(
                f"{start} wrong, {outside} of them outside the label set: what is never drawn is never rewarded, so RL cannot begin. Train "
                "the warm-up better first (sft.epochs, sft.lr, rl.warmups), draw more (rl.samples), or leave RL out (rl.algorithms: [])"
            )
        say(
            f"{start} right: the warm-up knows these rows by heart, so RL ends here. It could learn from rows that the warm-up did not see "
            "(rl.holdout, say 0.3), or from one trained for fewer epochs (sft.epochs)"
        )
        return True


def rewardable(rows: Mapping[str, Rows], labels: Sequence[str]) -> Rows:
    """Training rows on which an answer can be right: not those marked Uncertain, a label that a strategy adds and no validation row has."""
    train_rows = rows["train"]
    answers = {gold for gold in train_rows.gold if labels[gold] != UNCERTAIN or gold in rows["validation"].gold}
    kept = [i for i, gold in enumerate(train_rows.gold) if gold in answers]
    encoded, gold = [train_rows.encoded[i] for i in kept], [train_rows.gold[i] for i in kept]
    return Rows(encoded, gold, train_rows.prefix, [train_rows.reasonings[i] for i in kept] if train_rows.reasonings else [])


def arguments(rl: Rl, run: Run, steps: int, *, cpu: bool) -> dict[str, Any]:
    """Arguments of every RL run of so many steps: validation is measured at the start and `rl.evaluations` times."""
    every = -(-steps // rl.evaluations)
    by_steps = {f"{what}_{key}": value for what in ("eval", "save", "logging") for key, value in (("strategy", "steps"), ("steps", every))}
    return {**settings(run, cpu=cpu), **optimisation(rl), **by_steps, "eval_on_start": True}


def callbacks(rl: Rl) -> list[TrainerCallback]:
    """Of every RL run."""
    return [EvaluateAtEnd(), *([Patience(rl.patience)] if rl.patience else [])]


def processes() -> int:
    """Of a run under torchrun, as accelerate reads it."""
    return int(os.environ.get("WORLD_SIZE", "1"))
