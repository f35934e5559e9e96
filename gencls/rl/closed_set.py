"""RL over a closed label set: rollouts are exact draws from the label trie, there is no decoding loop.

One scoring pass gives the probability of every label, and what is missing to 1 is the chance of leaving the label set, one more outcome
with the reward of a wrong answer. So G samples a prompt cost one forward pass of the prompt, and the KL to the reference and the entropy
are exact sums instead of estimates. There is one update per rollout: the policy that samples is the policy that learns, PPO's ratio is 1
and its clip never acts, so neither stands here.

How it departs from GenCLS++, as far as that is known: the rollouts of the paper are decoded token by token; the outcome "outside" is one
token here, whatever would have been written.

Legend of axes: P prompts, G samples of a prompt, T tokens of a sample, E edges, L labels.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import datasets
import torch
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainingArguments

from gencls.params import Algorithm, Rl
from gencls.progress import say
from gencls.rl.advantages import ESTIMATORS
from gencls.rl.rewards import reward_table
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import edge_log_probabilities
from gencls.sft import validate
from gencls.training import Run, settings, train, write_curve
from gencls.trie import LabelTrie

CURVE = ["step", "reward", "kl", "entropy", "dead_groups", "invalid", "eval_loss", "eval_accuracy"]


class Outcomes:
    """The label set plus "outside" as a space to draw from.

    Attributes:
        paths: (L + 1, T) edge numbers of each outcome, padded with 0; the last outcome is edge E, "outside".
        mask: (L + 1, T) 1 at tokens.
    """

    def __init__(self, trie: LabelTrie, device: torch.device) -> None:
        paths = [*trie.paths, [len(trie.edge_tokens)]]
        longest = max(map(len, paths))
        self.paths = torch.tensor([path + [0] * (longest - len(path)) for path in paths], device=device)
        self.mask = torch.tensor([[1.0] * len(path) + [0.0] * (longest - len(path)) for path in paths], device=device)
        self._membership = torch.from_numpy(trie.membership).to(device)

    def log_probabilities(self, edges: Tensor) -> Tensor:
        """(P, E) → (P, L + 1), a distribution."""
        labels = edges @ self._membership
        inside = labels.logsumexp(dim=-1, keepdim=True).clamp(max=-1e-7)
        return torch.cat([labels, torch.log(-torch.expm1(inside))], dim=-1)

    def draw(self, log_probabilities: Tensor, samples: int, generator: torch.Generator) -> Tensor:
        """(P, G) outcome numbers, drawn exactly."""
        return torch.multinomial(log_probabilities.exp(), samples, replacement=True, generator=generator)

    def tokens(self, edges: Tensor, outcomes: Tensor, drawn_PG: Tensor) -> Tensor:
        """(P, G, T) log-probability of each token of the drawn outcomes; meaningless at padding."""
        extended = torch.cat([edges, outcomes[:, -1:]], dim=-1)
        paths = self.paths[drawn_PG]
        return extended.gather(1, paths.flatten(1)).view(paths.shape)


@dataclass
class Watch:
    """Sums over the steps since the last log."""

    steps: int = 0
    sums: dict[str, float] | None = None

    def add(self, values: dict[str, Tensor]) -> None:
        """One step."""
        sums = self.sums or dict.fromkeys(values, 0.0)
        self.sums = {name: sums[name] + float(value) for name, value in values.items()}
        self.steps += 1

    def means(self) -> dict[str, float]:
        """Means since the last call."""
        means = {name: total / self.steps for name, total in (self.sums or {}).items()}
        self.steps, self.sums = 0, None
        return means


class ClosedSetTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Trainer whose batches are prompts and whose loss is the policy gradient over sampled labels."""

    def __init__(self, *args: Any, scheme: LabelScheme, rows: Mapping[str, Rows], rl: Rl, algorithm: Algorithm, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scheme, self._rows, self._rl = scheme, rows, rl
        self._estimator = ESTIMATORS[algorithm]
        self._outcomes = Outcomes(scheme.trie, self.model.device)
        self._rewards = reward_table(scheme.labels, wrong=rl.wrong).to(self.model.device)
        self._reference = None if isinstance(self.model, PeftModel) else copy.deepcopy(self.model).eval().requires_grad_(False)
        self._watch = Watch()
        self.model_accepts_loss_kwargs = False

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Tensor:
        """Minus the mean over tokens of advantage times log-probability."""
        gold = inputs["gold"]
        edges = self._edges(model, inputs["prompts"])
        with torch.no_grad(), self._as_reference() as reference:
            reference_edges = self._edges(reference, inputs["prompts"])
        outcomes, reference_outcomes = self._outcomes.log_probabilities(edges), self._outcomes.log_probabilities(reference_edges)
        drawn = self._outcomes.draw(outcomes.detach(), self._rl.samples, self._generator())
        logp = self._outcomes.tokens(edges, outcomes, drawn)
        mask = self._outcomes.mask[drawn]
        rewards = self._rewards[gold[:, None], drawn]
        kl = logp.detach() - self._outcomes.tokens(reference_edges, reference_outcomes, drawn)
        advantages = self._estimator(rewards, kl, mask, kl_coef=self._rl.kl)
        self._note(outcomes.detach(), reference_outcomes, rewards, drawn)
        return -(advantages * logp * mask).sum() / mask.sum()

    def best(self) -> Any:
        """The best checkpoint, which is loaded by now, or the warm-up itself where no checkpoint was better on validation."""
        start = next(entry["eval_score"] for entry in self.state.log_history if "eval_score" in entry)
        if start < self.state.best_metric:
            return self.model.eval()
        say("no checkpoint is better on validation than the warm-up, which stays")
        return self.model.unload().eval() if self._reference is None else self._reference

    def _edges(self, model: Any, prompts: Sequence[Sequence[int]]) -> Tensor:
        prefix = self._rows["train"].prefix
        return edge_log_probabilities(model, [prompt[len(prefix) :] for prompt in prompts], self._scheme.trie, prefix=prefix)

    @contextmanager
    def _as_reference(self) -> Iterator[Any]:
        """The warm-up: a frozen copy, or the same weights with the adapter switched off."""
        if self._reference is not None:
            yield self._reference
        else:
            with self.model.disable_adapter():
                yield self.model

    def _generator(self) -> torch.Generator:
        """The seed and the step decide, so that a resumed run draws what the undisturbed one would have."""
        return torch.Generator(device=self.model.device).manual_seed(self.args.seed * 1_000_003 + self.state.global_step)

    def _note(self, outcomes: Tensor, reference: Tensor, rewards: Tensor, drawn: Tensor) -> None:
        probabilities = outcomes.exp()
        self._watch.add(
            {
                "reward": rewards.mean(),
                "kl": (probabilities * (outcomes - reference)).sum(-1).mean(),
                "entropy": -(probabilities * outcomes).sum(-1).mean(),
                "dead_groups": (rewards == rewards[:, :1]).all(dim=1).float().mean(),
                "invalid": (drawn == outcomes.shape[1] - 1).float().mean(),
            }
        )

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds what was watched since the last log."""
        super().log({**logs, **(self._watch.means() if "loss" in logs else {})}, start_time)

    def evaluate(self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval") -> dict[str, float]:
        """As in SFT."""
        metrics = {f"eval_{name}": value for name, value in validate(self.model, self._rows["validation"], self._scheme.trie).items()}
        self.model.train()
        self.log(metrics)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def reinforce(model: Any, scheme: LabelScheme, rows: Mapping[str, Rows], rl: Rl, *, algorithm: Algorithm, run: Run) -> Any:
    """The policy after RL on `rows["train"]`, at its best accuracy on `rows["validation"]`; `model` is the SFT warm-up."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0  # with dropout the policy that samples would not be the policy that is evaluated
    train_rows = rows["train"]
    dataset = datasets.Dataset.from_dict({"input_ids": [row.ids for row in train_rows.encoded], "gold": train_rows.gold})
    trainer = ClosedSetTrainer(
        model,
        _arguments(rl, run, len(dataset), cpu=model.device.type == "cpu"),
        train_dataset=dataset,
        eval_dataset=dataset.select(range(1)),  # Trainer wants one to evaluate at all; `evaluate` reads `validation`
        data_collator=_collate,
        scheme=scheme,
        rows=rows,
        rl=rl,
        algorithm=algorithm,
    )
    train(trainer, run)
    write_curve(trainer.state.log_history, CURVE, run.curve)
    return trainer.best()


def _collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"prompts": [row["input_ids"] for row in rows], "gold": torch.tensor([row["gold"] for row in rows])}


def _arguments(rl: Rl, run: Run, rows: int, *, cpu: bool) -> TrainingArguments:
    steps = rl.epochs * -(-rows // rl.batch_size)
    every = max(1, steps // rl.evaluations)
    by_steps = {"eval_strategy": "steps", "eval_steps": every, "save_strategy": "steps", "save_steps": every}
    return TrainingArguments(
        num_train_epochs=rl.epochs,
        per_device_train_batch_size=rl.batch_size,
        learning_rate=rl.lr,
        weight_decay=rl.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=rl.warmup,
        load_best_model_at_end=True,
        metric_for_best_model="eval_score",
        greater_is_better=True,
        **{**settings(run, cpu=cpu), **by_steps, "logging_strategy": "steps", "logging_steps": every, "eval_on_start": True},
    )
