"""A classification head on the same base: the discriminative baseline of GenCLS++, a language model with a randomly initialised head.

transformers' own head: one linear layer over the final hidden state of the last token. It reads the plain text between the tokenizer's
begin and end tokens: no prompt, no examples, no label names. All else is as in SFT: the settings,
the texts segmented anew each epoch, the checkpoint with the best validation accuracy. What the head of GenCLS++ reads and how it was
trained is unknown.

Legend of axes: B rows of a batch, T tokens of the longest of them, N rows, L labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainingArguments

from gencls.arrays import Floats
from gencls.encode import slices
from gencls.optimizer import optimizer
from gencls.params import Sft
from gencls.tokenizer import Unmerger
from gencls.training import TIE_BREAK, EpochCounter, Run, Validated, optimisation, row_weights, settings, train, write_curve

BATCH_TOKENS = 8192
"""Of a batch that is answered; changes speed only."""


@dataclass(frozen=True)
class Rows:
    """A split as token ids.

    Attributes:
        ids: the text's tokens, without those around it.
        gold: label number of each row.
        cut: rows whose text lost its middle.
    """

    ids: list[list[int]]
    gold: list[int]
    cut: int


class Reader:
    """Plain texts for one tokenizer: begin token (where the tokenizer has one), text, end token.

    Where the tokenizer pads with its end token, the head cannot tell the two apart and takes the text's last token instead.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:
        self.tokenizer = tokenizer
        self._begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        self._end = [tokenizer.eos_token_id]
        self.room = max_length - len(self._begin) - len(self._end)
        """Tokens that a text may take."""

    def rows(self, texts: Sequence[str], gold: Sequence[int]) -> Rows:
        """Texts to token ids; over-long ones lose their middle, special tokens in them are plain characters."""
        ids: list[list[int]] = []
        cut, front, back = 0, self.room - self.room // 2, self.room // 2
        for some in slices(texts):
            encoded = self.tokenizer(some, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            ids += [text if len(text) <= self.room else text[:front] + text[len(text) - back :] for text in encoded]
            cut += sum(len(text) > self.room for text in encoded)
        return Rows(ids, list(gold), cut)

    def batch(self, texts: Sequence[Sequence[int]]) -> dict[str, Tensor]:
        """Right-padded input_ids and attention_mask (B, T)."""
        sequences = [torch.tensor([*self._begin, *text, *self._end]) for text in texts]
        return {
            "input_ids": pad_sequence(sequences, batch_first=True, padding_value=self.tokenizer.pad_token_id),
            "attention_mask": pad_sequence([torch.ones_like(s) for s in sequences], batch_first=True),
        }


class HeadCollator:
    """Rows to batches with gold and weight (B,), segmented anew each epoch; the seed, the epoch and the row decide how."""

    def __init__(self, reader: Reader, unmerger: Unmerger, *, seed: int) -> None:
        self._reader, self._unmerger, self._seed = reader, unmerger, seed
        self.epoch = 0

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """One batch."""
        texts = [self._segmented_anew(row) for row in rows]
        return self._reader.batch(texts) | {name: torch.tensor([row[name] for row in rows]) for name in ("gold", "weight")}

    def _segmented_anew(self, row: dict[str, Any]) -> list[int]:
        """The text in other tokens; as it was if it would not fit any more."""
        ids = self._unmerger(row["input_ids"], np.random.default_rng([self._seed, self.epoch, row["row"]]))
        return ids if len(ids) <= self._reader.room else list(row["input_ids"])


class HeadTrainer(Validated, Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Trainer that is evaluated by the accuracy of the head on validation."""

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None) -> Tensor:
        """Mean weighted negative log-likelihood of the gold labels."""
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        return (cross_entropy(logits.float(), inputs["gold"], reduction="none") * inputs["weight"]).mean()


def validate(model: Any, reader: Reader, rows: Rows) -> dict[str, float]:
    """Accuracy and mean negative log-likelihood of the gold label; `score` is what the checkpoint is chosen by."""
    gold, p_NL = np.array(rows.gold), probabilities(model, reader, rows.ids)
    accuracy = float((p_NL.argmax(axis=1) == gold).mean())
    loss = float(-np.log(p_NL[np.arange(len(gold)), gold] + np.finfo(np.float64).tiny).mean())
    return {"accuracy": accuracy, "loss": loss, "score": accuracy - TIE_BREAK * loss}


def finetune(model: Any, reader: Reader, rows: Mapping[str, Rows], sft: Sft, run: Run) -> Any:
    """The model after training on `rows["train"]`, at its best accuracy on `rows["validation"]`."""
    collator = HeadCollator(reader, Unmerger(reader.tokenizer, sft.unmerge), seed=run.seed)
    learnt = rows["train"]
    columns = zip(learnt.ids, learnt.gold, row_weights(learnt.gold, sft.class_weights), strict=True)
    dataset = [{"row": i, "input_ids": ids, "gold": gold, "weight": weight} for i, (ids, gold, weight) in enumerate(columns)]
    cpu = model.device.type == "cpu"
    trainer = HeadTrainer(
        model,
        TrainingArguments(train_sampling_strategy="group_by_length", **optimisation(sft), **settings(run, cpu=cpu)),
        train_dataset=dataset,
        eval_dataset=dataset[:1],  # Trainer wants one to evaluate at all; `measure` reads `validation`
        data_collator=collator,
        callbacks=[EpochCounter(collator)],
        optimizers=(optimizer(model, sft), None),
        measure=lambda model: validate(model, reader, rows["validation"]),
    )
    train(trainer, run)
    write_curve(trainer.state.log_history, ["step", "epoch", "loss", "eval_loss", "eval_accuracy"], run.curve)
    return trainer.model.eval()


@torch.no_grad()
def probabilities(model: Any, reader: Reader, texts: Sequence[Sequence[int]]) -> Floats:
    """(N, L) in the order of the texts."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    found, at = [], 0
    while at < len(order):
        chosen = order[at : at + max(1, BATCH_TOKENS // (len(texts[order[at]]) + 2))]
        batch = {name: tensor.to(model.device) for name, tensor in reader.batch([texts[i] for i in chosen]).items()}
        found.append(model(**batch).logits.double().softmax(dim=-1).cpu())
        at += len(chosen)
    p_NL = np.empty((len(texts), found[0].shape[1]))
    p_NL[order] = torch.cat(found).numpy()
    return p_NL
