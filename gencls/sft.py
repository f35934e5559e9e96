"""Supervised fine-tuning: the policy warm-up of GenCLS++, and with the zero-shot strategy its naive SFT baseline.

TRL's SFTTrainer with four things changed: the language-model head runs on the label's positions only (stock TRL runs it on every prompt
position where there is no GPU); the prefix that all prompts share is computed once a step, with gradients, and its keys and values are
repeated; texts are segmented anew each epoch (seeded BPE-dropout); and the checkpoint kept is the one with the best validation accuracy
over the label trie, the measure that counts, not the one with the lowest loss.

Legend of axes: B rows, P prefix tokens, R tokens of the longest rest of a prompt, T tokens of the longest label.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from trl import SFTConfig, SFTTrainer

from gencls import decoding
from gencls.params import ClassWeights, Sft
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer, prefix_cache, repeated
from gencls.tokenizer import Unmerger
from gencls.training import BEST_ON_VALIDATION, EpochCounter, Run, Validated, settings, train, write_curve
from gencls.trie import LabelTrie

IGNORED = -100
TIE_BREAK = 1e-6
"""Far below one row in any validation split."""


class LabelCollator:
    """Rows to batches `[padding | rest of the prompt | label without its end]`, all labels ending in the same column.

    Yields input_ids, attention_mask, position_ids (B, R + T - 1), labels (B, T) with `IGNORED` before short labels, weights (B,) of
    the rows' losses, prefix (1, P).
    """

    def __init__(self, scheme: LabelScheme, prefix: Sequence[int], unmerger: Unmerger, *, seed: int) -> None:
        self._scheme, self._prefix, self._unmerger, self._seed = scheme, list(prefix), unmerger, seed
        self.epoch = 0

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """One batch."""
        sequences = [self._scheme.sequences[row["gold"]] for row in rows]
        prompts = [self._segmented_anew(row)[len(self._prefix) :] for row in rows]
        inputs = [prompt + sequence[:-1] for prompt, sequence in zip(prompts, sequences, strict=True)]
        width, longest = max(map(len, inputs)), max(map(len, sequences))
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in inputs])
        return {
            "input_ids": torch.tensor([[self._scheme.tokenizer.pad_token_id] * (width - len(row)) + row for row in inputs]),
            "attention_mask": torch.cat([mask.new_ones(len(rows), len(self._prefix)), mask], dim=1),
            "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0) + len(self._prefix),
            "labels": torch.tensor([[IGNORED] * (longest - len(s)) + s for s in sequences]),
            "weights": torch.tensor([row["weight"] for row in rows]),
            "prefix": torch.tensor([self._prefix], dtype=torch.long),
        }

    def _segmented_anew(self, row: dict[str, Any]) -> list[int]:
        """The prompt with its texts in other tokens; as it was if it would not fit any more."""
        rng = np.random.default_rng([self._seed, self.epoch, row["row"]])
        ids, at = [], 0
        for start, end in row["spans"]:
            start = max(start, len(self._prefix))
            ids += row["input_ids"][at:start] + self._unmerger(row["input_ids"][start:end], rng)
            at = max(start, end)
        ids += row["input_ids"][at:]
        return ids if len(ids) <= self._scheme.prompt_tokens else list(row["input_ids"])


class LabelTrainer(Validated, SFTTrainer):  # type: ignore[misc]  # trl is untyped here
    """SFTTrainer over `LabelCollator` batches, evaluated by accuracy over the label trie."""

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None) -> Tensor:
        """Mean weighted negative log-likelihood of the label tokens (Trainer divides by their number over all accumulated batches)."""
        prefix, labels, weights = inputs.pop("prefix"), inputs.pop("labels"), inputs.pop("weights")
        past = repeated(prefix_cache(model, prefix[0].tolist()), len(labels)) if prefix.shape[1] else None
        logits = model(**inputs, past_key_values=past, use_cache=past is not None, logits_to_keep=labels.shape[1]).logits
        losses = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
        total = (losses.view(labels.shape).sum(dim=1) * weights).sum()
        return total / (num_items_in_batch if num_items_in_batch is not None else (labels != IGNORED).sum())


def validate(model: Any, rows: Rows, trie: LabelTrie) -> dict[str, float]:
    """Accuracy of greedy trie decoding, mean negative log-likelihood of the gold label (loss), and what the best checkpoint is chosen by
    (score): accuracy, and the lower loss among equals.
    """
    scores = Scorer(model, trie)([row.ids for row in rows.encoded], rows.prefix)
    gold = np.array(rows.gold)
    accuracy = float((decoding.greedy(scores, trie) == gold).mean())
    loss = float(-decoding.label_log_probabilities(scores, trie)[np.arange(len(gold)), gold].mean())
    return {"accuracy": accuracy, "loss": loss, "score": accuracy - TIE_BREAK * loss}


def finetune(model: Any, scheme: LabelScheme, rows: Mapping[str, Rows], sft: Sft, run: Run) -> Any:
    """The model after SFT on `rows["train"]`, at its best accuracy on `rows["validation"]`."""
    collator = LabelCollator(scheme, rows["train"].prefix, Unmerger(scheme.tokenizer, sft.unmerge), seed=run.seed)
    dataset = _dataset(rows["train"], sft.class_weights)
    trainer = LabelTrainer(
        model,
        _config(sft, run, cpu=model.device.type == "cpu"),
        train_dataset=dataset,
        eval_dataset=dataset.select(range(1)),  # Trainer wants one to evaluate at all; `evaluate` reads `validation`
        processing_class=scheme.tokenizer,
        data_collator=collator,
        callbacks=[EpochCounter(collator)],
        measure=lambda model: validate(model, rows["validation"], scheme.trie),
    )
    train(trainer, run)
    write_curve(trainer.state.log_history, ["step", "epoch", "loss", "eval_loss", "eval_accuracy"], run.curve)
    return trainer.model.eval()


def _dataset(rows: Rows, class_weights: ClassWeights) -> datasets.Dataset:
    return datasets.Dataset.from_dict(
        {
            "row": range(len(rows.gold)),
            "input_ids": [row.ids for row in rows.encoded],
            "spans": [row.spans for row in rows.encoded],
            "gold": rows.gold,
            "length": [len(row.ids) for row in rows.encoded],
            "weight": row_weights(rows.gold, class_weights),
        }
    )


def row_weights(gold: Sequence[int], class_weights: ClassWeights) -> list[float]:
    """Weight of each row's loss, mean 1: equal, or by the inverse frequency of its class, so that each class weighs the same."""
    if class_weights == "none":
        return [1.0] * len(gold)
    counts = Counter(gold)
    return [len(gold) / (len(counts) * counts[label]) for label in gold]


def _config(sft: Sft, run: Run, *, cpu: bool) -> SFTConfig:
    return SFTConfig(
        num_train_epochs=sft.epochs,
        per_device_train_batch_size=sft.batch_size,
        learning_rate=sft.lr,
        weight_decay=sft.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=sft.warmup,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        max_length=None,
        completion_only_loss=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        **BEST_ON_VALIDATION,
        **settings(run, cpu=cpu),
    )
