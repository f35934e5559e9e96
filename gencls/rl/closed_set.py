"""RL over a closed label set: rollouts are exact draws from the label trie, there is no decoding loop.

One scoring pass gives the probability of every label (gencls/rl/outcomes.py), of which G samples a prompt are drawn at no further cost; a
second pass, without gradients, gives those of the reference: the same weights with the adapter switched off under LoRA, else a frozen copy.

How it departs from GenCLS++, as far as that is known: the rollouts of the paper are decoded token by token; the outcome "outside" is one
token here, whatever would have been written; groups of one reward leave the denominators (`rl.drop_dead_groups`).

Legend of axes: P prompts, G samples of a prompt, E edges, L labels.
"""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import datasets
import torch
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainingArguments

from gencls.errors import InputError
from gencls.labels import UNCERTAIN
from gencls.optimizer import optimizer
from gencls.params import Algorithm, ClassWeights, Rl
from gencls.progress import say
from gencls.rl.advantages import ESTIMATORS
from gencls.rl.objectives import PolicyGradient, Scored, expected, supervised
from gencls.rl.outcomes import Outcomes, draw, expectation, kl
from gencls.rl.rewards import reward_table
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer
from gencls.sft import row_weights, validate
from gencls.training import EvaluateAtEnd, Patience, Run, Validated, optimisation, settings, train, write_curve

CURVE = ["step", "reward", "kl", "entropy", "dead_groups", "invalid", "eval_loss", "eval_accuracy"]


ENOUGH_DRAWS = 1000
"""Fewer that all have one reward may be chance."""


class NothingToLearnError(InputError):
    """Every draw had the same reward from the start; the message says which, what it means and what to do."""


class ClosedSetTrainer(Validated, Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Trainer whose batches are prompts and whose loss is an objective of gencls/rl/objectives.py.

    With several processes a batch is theirs together, and they draw what one process would have drawn.
    """

    def __init__(self, *args: Any, scheme: LabelScheme, rows: Rows, rl: Rl, algorithm: Algorithm, **kwargs: Any) -> None:
        dataset = _dataset(rows, rl.class_weights)
        one = dataset.select(range(1))  # Trainer wants rows to evaluate at all; `measure` has its own
        super().__init__(*args, train_dataset=dataset, eval_dataset=one, data_collator=_collate, **kwargs)
        self._rl, self._algorithm, self._prefix = rl, algorithm, rows.prefix
        self._space = Outcomes(scheme.trie, self.model.device)
        self._rewards = reward_table(scheme.labels, wrong=rl.wrong).to(self.model.device)
        self._policy = Scorer(self.model, scheme.trie, batch_tokens=rl.batch_tokens)
        self._warm_up = None if isinstance(self.model, PeftModel) else copy.deepcopy(self.model).requires_grad_(False)
        self._reference = self._policy if self._warm_up is None else Scorer(self._warm_up, scheme.trie, batch_tokens=rl.batch_tokens)
        self._watched: list[dict[str, Tensor]] = []
        self._draws, self._counted = torch.zeros(3, device=self.model.device), 0
        self.model_accepts_loss_kwargs = False

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Tensor:
        """This process's share of the objective, times their number because gradients are averaged."""
        edges = self._policy.differentiable(inputs["prompts"], self._prefix)
        with torch.no_grad(), self._as_reference() as reference:
            reference_edges = reference.differentiable(inputs["prompts"], self._prefix)
        gold, weights = inputs["gold"], inputs["weights"]
        scored = Scored(self._space, edges, reference_edges, self._rewards[gold] * weights[:, None], gold, weights)
        self._watch(scored)
        loss: Tensor = self._objective(scored) * self.accelerator.num_processes
        return loss

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """The forward passes bypass DDP's wrapper, which therefore does not average the gradients."""
        loss: Tensor = super().training_step(*args, **kwargs)
        if self.accelerator.num_processes > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad = self.accelerator.reduce(parameter.grad, "mean")
        return loss

    def best(self) -> Any:
        """The best checkpoint, which is loaded by now, or the warm-up itself where no checkpoint was better on validation."""
        start = next(entry["eval_score"] for entry in self.state.log_history if "eval_score" in entry)
        if start < self.state.best_metric:
            return self.model.eval()
        say("no checkpoint is better on validation than the warm-up, which stays")
        return self.model.unload().eval() if self._warm_up is None else self._warm_up

    def _objective(self, scored: Scored) -> Tensor:
        if self._algorithm == "expected":
            return expected(scored, self._rl.kl, self._total)
        if self._algorithm == "sft":
            return supervised(scored, self._total)
        estimator = ESTIMATORS[self._algorithm]
        form = estimator.kl if self._rl.kl_form == "paper" else self._rl.kl_form
        drawn = draw(scored.outcomes.detach(), self._uniform(len(scored.gold)))
        self._count(scored.rewards.gather(1, drawn), drawn)
        return PolicyGradient(estimator, form, self._rl.kl, self._rl.drop_dead_groups)(scored, drawn, self._total)

    @contextmanager
    def _as_reference(self) -> Iterator[Scorer]:
        """The warm-up: a frozen copy, or the same weights with the adapter switched off."""
        with nullcontext() if self._warm_up is not None else self.model.disable_adapter():
            yield self._reference

    def _total(self, tensor: Tensor) -> Tensor:
        total: Tensor = self.accelerator.reduce(tensor, "sum")
        return total

    def _uniform(self, prompts: int) -> Tensor:
        """(P, G): the seed, the step and the place in the global batch decide, so that resumed and divided runs draw the same."""
        generator = torch.Generator().manual_seed(self.args.seed * 1_000_003 + self.state.global_step)
        first = self.accelerator.process_index * prompts
        everywhere = torch.rand(self.accelerator.num_processes * prompts, self._rl.samples, generator=generator, dtype=torch.float64)
        return everywhere[first : first + prompts].to(self.model.device)

    def _watch(self, scored: Scored) -> None:
        """Exact under the policy, so that algorithms that draw and those that do not can be compared."""
        log_p, right = scored.outcomes.detach(), scored.right().detach()
        values = {
            "reward": expectation(log_p, scored.rewards),
            "kl": kl(log_p, scored.reference),
            "entropy": -expectation(log_p, log_p),
            "dead_groups": right**self._rl.samples + (1 - right) ** self._rl.samples,
            "invalid": log_p[:, -1].exp(),
        }
        self._watched.append({name: value.mean() for name, value in values.items()})

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the means over the steps since the last log."""
        if "loss" in logs and self._watched:
            means = torch.stack([torch.stack(list(step.values())) for step in self._watched]).mean(dim=0)
            watched = zip(self._watched[0], self.accelerator.reduce(means, "mean").tolist(), strict=True)
            logs, self._watched = {**logs, **dict(watched)}, []
        super().log(logs, start_time)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Validation, unless there was nothing to learn from so far."""
        right, outside, drawn = (int(n) for n in self._total(self._draws))
        over = self.state.global_step >= self.state.max_steps
        if right in (0, drawn) and (drawn >= ENOUGH_DRAWS or (drawn and over)):
            raise NothingToLearnError(_nothing_to_learn(right, outside, drawn, self._counted))
        metrics: dict[str, float] = super().evaluate(*args, **kwargs)
        return metrics

    def _count(self, rewards_PG: Tensor, drawn_PG: Tensor) -> None:
        """Right, outside and all draws from the first step on; a resumed run has missed it and counts nothing."""
        if self.state.global_step == self._counted:
            outside = drawn_PG == self._rewards.shape[1] - 1
            self._draws += torch.stack([(rewards_PG > 0).sum(), outside.sum(), torch.ones_like(drawn_PG).sum()])
            self._counted += 1


def _nothing_to_learn(right: int, outside: int, drawn: int, steps: int) -> str:
    start = f"the {drawn} labels drawn in the first {steps} steps of RL are all"
    if right:
        return (
            f"{start} right: the warm-up knows these rows by heart, so the reward is constant and says nothing. Let RL learn from rows "
            "that the warm-up did not see (rl.holdout, say 0.3), train the warm-up for fewer epochs (sft.epochs), or leave RL out "
            "(rl.algorithms: [])"
        )
    return (
        f"{start} wrong, {outside} of them outside the label set: what is never drawn is never rewarded, so RL cannot begin. Train the "
        "warm-up better first (sft.epochs, sft.lr, rl.warmup_strategy), draw more (rl.samples), or leave RL out (rl.algorithms: [])"
    )


def reinforce(model: Any, scheme: LabelScheme, rows: Mapping[str, Rows], rl: Rl, *, algorithm: Algorithm, run: Run) -> Any:
    """The policy after RL on `rows["train"]`, at its best accuracy on `rows["validation"]`; `model` is the SFT warm-up.

    Raises:
        NothingToLearnError: the reward is constant from the start.
    """
    train_rows = _rewardable(rows, scheme.labels)
    trainer = ClosedSetTrainer(
        model,
        _arguments(rl, run, len(train_rows.gold), cpu=model.device.type == "cpu"),
        callbacks=[EvaluateAtEnd(), *([Patience(rl.patience)] if rl.patience else [])],
        optimizers=(optimizer(model, rl), None),
        measure=lambda model: validate(model, rows["validation"], scheme.trie),
        scheme=scheme,
        rows=train_rows,
        rl=rl,
        algorithm=algorithm,
    )
    train(trainer, run)
    if trainer.is_world_process_zero():
        write_curve(trainer.state.log_history, CURVE, run.curve)
    return trainer.best()


def _rewardable(rows: Mapping[str, Rows], labels: Sequence[str]) -> Rows:
    """Training rows on which an answer can be right: not those marked Uncertain, a label that a strategy adds and no validation row has."""
    train_rows = rows["train"]
    answers = {gold for gold in train_rows.gold if labels[gold] != UNCERTAIN or gold in rows["validation"].gold}
    kept = [i for i, gold in enumerate(train_rows.gold) if gold in answers]
    return Rows([train_rows.encoded[i] for i in kept], [train_rows.gold[i] for i in kept], train_rows.prefix)


def _dataset(rows: Rows, class_weights: ClassWeights) -> datasets.Dataset:
    columns = {"gold": rows.gold, "weight": row_weights(rows.gold, class_weights)}
    return datasets.Dataset.from_dict({"input_ids": [row.ids for row in rows.encoded], **columns})


def _collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Prompts stay lists: the scorer packs them with the trie."""
    gold, weights = torch.tensor([row["gold"] for row in rows]), torch.tensor([row["weight"] for row in rows])
    return {"prompts": [row["input_ids"] for row in rows], "gold": gold, "weights": weights}


def _arguments(rl: Rl, run: Run, rows: int, *, cpu: bool) -> TrainingArguments:
    steps = rl.epochs * -(-rows // rl.batch_size)
    every = -(-steps // rl.evaluations)
    by_steps = {f"{what}_{key}": value for what in ("eval", "save", "logging") for key, value in (("strategy", "steps"), ("steps", every))}
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # torchrun's, as accelerate reads it
    share = {"per_device_train_batch_size": -(-rl.batch_size // processes), "eval_on_start": True}
    return TrainingArguments(**{**settings(run, cpu=cpu), **optimisation(rl), **by_steps, **share})
