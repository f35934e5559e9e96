"""RL over a closed label set: rollouts are exact draws from the label trie, there is no decoding loop.

One scoring pass gives the probability of every label (gencls/rl/outcomes.py), of which G samples a prompt are drawn at no further cost; a
second pass, without gradients, gives those of the reference: the same weights with the adapter switched off under LoRA, else a frozen copy.

How it departs from OpenRLHF, which GenCLS++ probably used: rollouts there are decoded token by token; the outcome "outside" is one token
here, whatever would have been written; groups of one reward leave the denominators (`rl.drop_dead_groups`).

Legend of axes: P prompts, G samples of a prompt, E edges, L labels.
"""

from collections.abc import Mapping
from typing import Any

import datasets
import torch
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainingArguments

from gencls.optimizer import optimizer
from gencls.params import Algorithm, ClassWeights, Rl
from gencls.rl.advantages import ESTIMATORS
from gencls.rl.objectives import PolicyGradient, Scored, expected, supervised
from gencls.rl.outcomes import Outcomes, draw, expectation, kl
from gencls.rl.rewards import reward_table
from gencls.rl.warm_up import CURVE, FromWarmUp, Unwrapped, arguments, callbacks, processes, rewardable
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer
from gencls.sft import validate
from gencls.training import Run, row_weights, train, write_curve


class ClosedSetTrainer(Unwrapped, FromWarmUp, Trainer):  # type: ignore[misc]  # transformers is untyped here
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
        adapted = isinstance(self.model, PeftModel)
        self._anchor = self._policy if adapted else Scorer(self._warm_up, scheme.trie, batch_tokens=rl.batch_tokens)
        self._watched: list[dict[str, Tensor]] = []
        self.model_accepts_loss_kwargs = False

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Tensor:
        """This process's share of the objective, times their number because gradients are averaged."""
        edges = self._policy.differentiable(inputs["prompts"], self._prefix)
        with torch.no_grad(), self._reference():
            reference_edges = self._anchor.differentiable(inputs["prompts"], self._prefix)
        gold, weights = inputs["gold"], inputs["weights"]
        scored = Scored(self._space, edges, reference_edges, self._rewards[gold] * weights[:, None], gold, weights)
        self._watch(scored)
        loss: Tensor = self._objective(scored) * self.accelerator.num_processes
        return loss

    def _objective(self, scored: Scored) -> Tensor:
        if self._algorithm == "expected":
            return expected(scored, self._rl.kl, self._total)
        if self._algorithm == "sft":
            return supervised(scored, self._total)
        estimator = ESTIMATORS[self._algorithm]
        form = estimator.kl if self._rl.kl_form == "paper" else self._rl.kl_form
        drawn = draw(scored.outcomes.detach(), self._uniform(len(scored.gold)))
        right, outside = drawn == scored.gold[:, None], drawn == self._rewards.shape[1] - 1
        self._tally.add(self.state.global_step, right, outside)
        return PolicyGradient(estimator, form, self._rl.kl, self._rl.drop_dead_groups)(scored, drawn, self._total)

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
            logs, self._watched = {**logs, **dict(watched), "samples": self._drawn()}, []
        super().log(logs, start_time)

    def _drawn(self) -> int:
        """Samples up to this step; the last step of an epoch has fewer prompts."""
        if self._algorithm not in ESTIMATORS:
            return 0
        rows, prompts = len(self.train_dataset), self.args.train_batch_size * self.args.world_size
        epochs, steps = divmod(self.state.global_step, -(-rows // prompts))
        samples: int = (epochs * rows + steps * prompts) * self._rl.samples
        return samples


def reinforce(model: Any, scheme: LabelScheme, rows: Mapping[str, Rows], rl: Rl, *, algorithm: Algorithm, run: Run) -> Any:
    """The policy after RL on `rows["train"]`, at its best accuracy on `rows["validation"]`; `model` is the SFT warm-up.

    Raises:
        NothingToLearnError: all draws were wrong from the start.
    """
    train_rows = rewardable(rows, scheme.labels)
    steps = rl.epochs * -(-len(train_rows.gold) // rl.batch_size)
    share = {"per_device_train_batch_size": -(-rl.batch_size // processes())}
    trainer = ClosedSetTrainer(
        model,
        TrainingArguments(**arguments(rl, run, steps, cpu=model.device.type == "cpu") | share),
        callbacks=callbacks(rl),
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


def _dataset(rows: Rows, class_weights: ClassWeights) -> datasets.Dataset:
    columns = {"gold": rows.gold, "weight": row_weights(rows.gold, class_weights)}
    return datasets.Dataset.from_dict({"input_ids": [row.ids for row in rows.encoded], **columns})


def _collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Prompts stay lists: the scorer packs them with the trie."""
    gold, weights = torch.tensor([row["gold"] for row in rows]), torch.tensor([row["weight"] for row in rows])
    return {"prompts": [row["input_ids"] for row in rows], "gold": gold, "weights": weights}
