"""The builtin base: a small Llama-style decoder trained from nothing as a language model on a data set's training texts.

It is what makes the pipeline run offline, and it is meant to be strong: a few whole epochs of language modelling with seeded BPE-dropout
and residual dropout before SFT are worth about three points of accuracy over SFT alone. The architecture is Phi-3's, which is Llama's
block (RMSNorm, SwiGLU, rotary positions) with residual dropout, which transformers' Llama lacks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import Phi3Config, Phi3ForCausalLM, Trainer, TrainingArguments, set_seed

from gencls.params import Base
from gencls.tokenizer import Unmerger, train_tokenizer
from gencls.training import EpochCounter, Run, settings, train, write_curve


def build(tokenizer: Any, base: Base, *, max_length: int) -> Phi3ForCausalLM:
    """An untrained decoder for this tokenizer; 2.1 M parameters at the defaults."""
    config = Phi3Config(
        vocab_size=len(tokenizer),
        hidden_size=base.width,
        intermediate_size=base.width * 8 // 3,
        num_hidden_layers=base.layers,
        num_attention_heads=base.heads,
        num_key_value_heads=base.heads,
        max_position_embeddings=max_length,
        original_max_position_embeddings=max_length,
        tie_word_embeddings=True,
        resid_pdrop=base.dropout,
        embd_pdrop=base.dropout,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        sliding_window=None,
    )
    return Phi3ForCausalLM(config)


class _TextCollator:
    """Texts to right-padded language-model batches, segmented anew each epoch; the seed, the epoch and the row decide how."""

    def __init__(self, tokenizer: Any, unmerger: Unmerger, *, max_length: int, seed: int) -> None:
        self._pad, self._bos, self._eos = tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id
        self._unmerger, self._max_length, self._seed = unmerger, max_length, seed
        self.epoch = 0

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """One batch."""
        sequences = []
        for row in rows:
            ids = self._unmerger(row["input_ids"], np.random.default_rng([self._seed, self.epoch, row["row"]]))
            sequences.append([self._bos, *ids[: self._max_length - 2], self._eos])
        longest = max(len(s) for s in sequences)
        tokens = torch.tensor([s + [self._pad] * (longest - len(s)) for s in sequences])
        mask = torch.tensor([[1] * len(s) + [0] * (longest - len(s)) for s in sequences])
        return {"input_ids": tokens, "attention_mask": mask, "labels": tokens.masked_fill(mask == 0, -100)}


def pretrain(texts: Sequence[str], base: Base, *, max_length: int, device: torch.device, run: Run) -> tuple[Phi3ForCausalLM, Any]:
    """(model, tokenizer) after `base.epochs` epochs over the texts.

    `texts` are training texts only; validation and test texts must never come here.
    """
    set_seed(run.seed)
    tokenizer = train_tokenizer(texts, base.vocab_size)
    model = build(tokenizer, base, max_length=max_length)
    encoded = tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    rows = [{"row": i, "input_ids": ids} for i, ids in enumerate(encoded)]
    collator = _TextCollator(tokenizer, Unmerger(tokenizer, base.unmerge), max_length=max_length, seed=run.seed)
    arguments = TrainingArguments(
        num_train_epochs=base.epochs,
        per_device_train_batch_size=base.batch_size,
        learning_rate=base.lr,
        weight_decay=base.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        train_sampling_strategy="group_by_length",
        **settings(run, cpu=device.type == "cpu"),
    )
    trainer = Trainer(model, arguments, train_dataset=rows, data_collator=collator, callbacks=[EpochCounter(collator)])
    train(trainer, run)
    write_curve(trainer.state.log_history, ["step", "epoch", "loss"], run.curve)
    return model.eval(), tokenizer
