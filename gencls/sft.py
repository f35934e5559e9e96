"""Supervised fine-tuning: the policy warm-up of GenCLS++, and with the zero-shot strategy its naive SFT baseline.

TRL's SFTTrainer with five things changed: the language-model head runs on the answer's positions only (stock TRL runs it on every prompt
position where there is no GPU); the prefix that all prompts share is computed once a step, with gradients, and its keys and values are
repeated; texts are segmented anew each epoch (seeded BPE-dropout); length bucketing happens within a step, not between steps; and the
checkpoint kept is the one with the best validation accuracy over the label trie, the measure that counts, not the one with the lowest loss.

Why within a step: rows of one length are often rows of one kind, and a step that sees one kind only is a poor sample. So a step's rows are
drawn at random and then cut into groups of like length, each padded for itself; their gradients add up to those of the whole step.

Legend of axes: B rows, P prefix tokens, R tokens of the longest rest of a prompt, T tokens of the longest target.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import datasets
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache
from trl import SFTConfig, SFTTrainer

from gencls import decoding
from gencls.encode import Encoded
from gencls.generation import reason
from gencls.kv_cache import prefix_cache, repeated
from gencls.optimizer import optimizer
from gencls.params import ClassWeights, Sft, Train
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer
from gencls.tokenizer import Unmerger, segment_anew
from gencls.training import TIE_BREAK, EpochCounter, Run, Validated, optimisation, row_weights, settings, train, write_curve
from gencls.trie import LabelTrie

IGNORED = -100
LEAST_TOKENS = 256
"""A group smaller than this saves less padding than its own forward pass costs."""
FILL = 0.8
"""A group holds rows at least this share as long as its longest."""
PREPARED: dict[str, Any] = {"max_length": None, "completion_only_loss": False, "dataset_kwargs": {"skip_prepare_dataset": True}}
"""Of SFTConfig: rows are token ids already."""


@dataclass(frozen=True)
class Reader:
    """How training reads prompts: the tokenizer, how texts are segmented anew, and how long a prompt may become by that."""

    tokenizer: Any
    unmerger: Unmerger
    longest: int


class TargetCollator:
    """Rows to batches `[padding | rest of the prompt | target without its end]`, longest first, all targets ending in the same column.

    A target is what the model is to write: a label, perhaps with a reasoning before it.

    Yields input_ids, attention_mask, position_ids (B, R + T - 1), labels (B, T) with `IGNORED` before short targets, weights (B,) of
    the rows' losses, prefix (1, P); shift_labels are the labels once more, under the name by which Trainer knows that they stand where
    they are predicted: in `labels` it would not count the first column.
    """

    def __init__(self, reader: Reader, prefix: Sequence[int], *, seed: int, once: "Once | None" = None) -> None:
        self._reader, self._prefix, self._seed, self._once = reader, list(prefix), seed, once
        self.epoch = 0

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """One batch."""
        met = rows if self._once is None else [self._once.met(row, self.epoch) for row in rows]
        triples = [(self._segmented_anew(row)[len(self._prefix) :], row["target"], row["weight"]) for row in met]
        triples.sort(key=lambda triple: -len(triple[0]) - len(triple[1]))
        inputs = [torch.tensor(prompt + sequence[:-1]) for prompt, sequence, _ in triples]
        mask = pad_sequence([torch.ones_like(row) for row in inputs], batch_first=True, padding_side="left")
        labels = pad_sequence([torch.tensor(s) for _, s, _ in triples], batch_first=True, padding_value=IGNORED, padding_side="left")
        return {
            "input_ids": pad_sequence(inputs, batch_first=True, padding_value=self._reader.tokenizer.pad_token_id, padding_side="left"),
            "attention_mask": torch.cat([mask.new_ones(len(rows), len(self._prefix)), mask], dim=1),
            "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0) + len(self._prefix),
            "labels": labels,
            "shift_labels": labels,
            "weights": torch.tensor([weight for _, _, weight in triples]),
            "prefix": torch.tensor([self._prefix], dtype=torch.long),
        }

    def _segmented_anew(self, row: dict[str, Any]) -> list[int]:
        rng = np.random.default_rng([self._seed, self.epoch, row["row"]])
        reader = self._reader
        return segment_anew(row["input_ids"], row["spans"], reader.unmerger, rng, start=len(self._prefix), longest=reader.longest)


@dataclass(frozen=True)
class Once:
    """Rows that are met in one epoch each: the last ones that Trainer knows stand for as many others in every epoch.

    Attributes:
        rows: all there are, first those of every epoch.
        regular: how many those are.
        per_epoch: how many of the others an epoch has.
    """

    rows: datasets.Dataset
    regular: int
    per_epoch: int

    def met(self, row: dict[str, Any], epoch: int) -> dict[str, Any]:
        """The row that this one stands for."""
        place = row["row"] - self.regular
        return row if place < 0 else self.rows[self.regular + (place + epoch * self.per_epoch) % (len(self.rows) - self.regular)]


class TargetTrainer(Validated, SFTTrainer):  # type: ignore[misc]  # trl is untyped here
    """SFTTrainer over `TargetCollator` batches."""

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None) -> Tensor:
        """Mean weighted negative log-likelihood of the target tokens (Trainer divides by their number over all accumulated batches)."""
        prefix, labels = inputs["prefix"], inputs["labels"]
        cache = prefix_cache(model, prefix[0].tolist())
        total = sum(group_loss(model, inputs, group, cache) for group in groups(inputs["attention_mask"].sum(dim=1) - prefix.shape[1]))
        return total / (num_items_in_batch if num_items_in_batch is not None else (labels != IGNORED).sum())


def group_loss(model: Any, inputs: dict[str, Tensor], group: slice, cache: DynamicCache) -> Tensor:
    """Summed weighted negative log-likelihood of some rows, without the padding that only longer rows need."""
    prefix, mask = inputs["prefix"].shape[1], inputs["attention_mask"][group]
    padding = int((mask[:, prefix:].sum(dim=0) == 0).sum())
    labels = inputs["labels"][group, -(mask.shape[1] - prefix - padding) :]  # a long target may be longer than all of a short row
    logits = model(
        input_ids=inputs["input_ids"][group, padding:],
        attention_mask=torch.cat([mask[:, :prefix], mask[:, prefix + padding :]], dim=1),
        position_ids=inputs["position_ids"][group, padding:],
        past_key_values=repeated(cache, len(labels)),
        use_cache=True,
        logits_to_keep=labels.shape[1],
    ).logits
    losses = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
    return (losses.view(labels.shape).sum(dim=1) * inputs["weights"][group]).sum()


def groups(lengths: Tensor) -> list[slice]:
    """Falling row lengths (B,) → runs of rows of like length, none of them tiny."""
    cuts, start, values = [0], 0, lengths.tolist()
    for i, length in enumerate(values):
        rest = sum(values[i:])
        if length < FILL * values[start] and sum(values[start:i]) >= LEAST_TOKENS and rest >= LEAST_TOKENS:
            cuts.append(i)
            start = i
    return [slice(a, b) for a, b in pairwise([*cuts, len(values)])]


def validate(model: Any, rows: Rows, trie: LabelTrie) -> dict[str, float]:
    """Accuracy of greedy trie decoding, mean negative log-likelihood of the gold label (loss), and what the best checkpoint is chosen by
    (score): accuracy, and the lower loss among equals.
    """
    scores = Scorer(model, trie)([row.ids for row in rows.encoded], rows.prefix)
    gold = np.array(rows.gold)
    accuracy = float((decoding.greedy(scores, trie) == gold).mean())
    loss = float(-decoding.label_log_probabilities(scores, trie)[np.arange(len(gold)), gold].mean())
    return {"accuracy": accuracy, "loss": loss, "score": accuracy - TIE_BREAK * loss}


def finetune(model: Any, scheme: LabelScheme, rows: Mapping[str, Rows], sft: Sft, run: Run, *, once: int = 0) -> Any:
    """The model after SFT on `rows["train"]`, at its best accuracy on `rows["validation"]`; where it reasons, after its own reasoning.

    Of the training rows the last `once` are met in one epoch each, the others in every one.
    """

    def measure(model: Any) -> dict[str, float]:
        validation = rows["validation"]
        return validate(model, reason(model, scheme, validation).rows if scheme.reasoning else validation, scheme.trie)

    targets = Targets.of(scheme, rows["train"], sft.class_weights)
    reader = Reader(scheme.tokenizer, Unmerger(scheme.tokenizer, sft.unmerge), scheme.prompt_tokens)
    trainer = fit(model, targets, sft, run, reader=reader, measure=measure, once=once)
    write_curve(trainer.state.log_history, ["step", "epoch", "loss", "eval_loss", "eval_accuracy"], run.curve)
    return trainer.model.eval()


@dataclass(frozen=True)
class Targets:
    """Prompts and what is to be written after them; `weights` of the rows' losses."""

    encoded: Sequence[Encoded]
    targets: Sequence[Sequence[int]]
    prefix: Sequence[int]
    weights: Sequence[float]

    @classmethod
    def of(cls, scheme: LabelScheme, rows: Rows, class_weights: ClassWeights) -> "Targets":
        """Each row's reasoning, if there is one, and its label."""
        reasonings = rows.reasonings or [[]] * len(rows.gold)
        written = [[*reasoning, *scheme.sequences[gold]] for reasoning, gold in zip(reasonings, rows.gold, strict=True)]
        return cls(rows.encoded, written, rows.prefix, row_weights(rows.gold, class_weights))

    def dataset(self) -> datasets.Dataset:
        """As Trainer wants it."""
        return datasets.Dataset.from_dict(
            {
                "row": range(len(self.encoded)),
                "input_ids": [row.ids for row in self.encoded],
                "spans": [row.spans for row in self.encoded],
                "target": self.targets,
                "weight": self.weights,
            }
        )


def fit(
    model: Any,
    targets: Targets,
    section: Train,
    run: Run,
    *,
    reader: Reader,
    measure: Callable[[Any], dict[str, float]],
    once: int = 0,
) -> Any:
    """The trainer after training on targets, its model at the best `score` that `measure` gave; the last `once` as in `finetune`."""
    rows = targets.dataset()
    others = Once(rows, regular=len(rows) - once, per_epoch=-(-once // section.epochs))
    dataset = rows.select(range(others.regular + others.per_epoch))
    collator = TargetCollator(reader, targets.prefix, seed=run.seed, once=others)
    trainer = TargetTrainer(
        model,
        _config(section, run, cpu=model.device.type == "cpu"),
        train_dataset=dataset,
        eval_dataset=dataset.select(range(1)),  # Trainer wants one to evaluate at all; `measure` reads its own rows
        processing_class=reader.tokenizer,
        data_collator=collator,
        callbacks=[EpochCounter(collator)],
        optimizers=(optimizer(model, section), None),
        measure=measure,
    )
    train(trainer, run)
    return trainer


def _config(section: Train, run: Run, *, cpu: bool) -> SFTConfig:
    return SFTConfig(**PREPARED, **optimisation(section), **settings(run, cpu=cpu))
