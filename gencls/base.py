"""The builtin base: a small Llama-style decoder trained from nothing as a language model on a data set's training texts.

It is what makes the pipeline run offline, and it is meant to be strong: a few whole epochs of language modelling with seeded BPE-dropout
and residual dropout before SFT are worth about three points of accuracy over SFT alone. It reads the texts in the frame of the plain
prompt: what SFT shows it later then differs in nothing but the answer. The architecture is Phi-3's, which is Llama's
block (RMSNorm, SwiGLU, rotary positions) with residual dropout, which transformers' Llama lacks.

Legend of axes: B rows, P prefix tokens, R tokens of the longest rest.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import LinearCrossEntropyOptions
from torch.nn.functional import linear_cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import Phi3Config, Phi3ForCausalLM, Trainer, TrainingArguments, set_seed

from gencls.encode import PromptEncoder, shared_prefix
from gencls.kv_cache import prefix_cache, repeated
from gencls.onednn import faster
from gencls.optimizer import optimizer
from gencls.params import Base
from gencls.prompts import Prompt
from gencls.tokenizer import Unmerger, segment_anew, train_tokenizer
from gencls.training import EpochCounter, Run, settings, train, write_curve

IGNORED = -100
PIECES = LinearCrossEntropyOptions(batch_chunk_size=512)
"""Tokens whose logits are there at a time: all of a batch, with a vocabulary of 8,000, took a fifth of a step, fetched page by page."""


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
    return faster(Phi3ForCausalLM(config))


class _Collator:
    """Prompts to right-padded language-model batches without their shared prefix, texts segmented anew each epoch.

    Yields input_ids, attention_mask (B, R), prefix (1, P).
    """

    def __init__(self, tokenizer: Any, prefix: Sequence[int], unmerger: Unmerger, *, max_length: int, seed: int) -> None:
        self._pad, self._prefix = tokenizer.pad_token_id, list(prefix)
        self._unmerger, self._max_length, self._seed = unmerger, max_length, seed
        self.epoch = 0

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """One batch."""
        start, sequences = len(self._prefix), []
        for row in rows:
            rng = np.random.default_rng([self._seed, self.epoch, row["row"]])
            ids = segment_anew(row["input_ids"], row["spans"], self._unmerger, rng, start=start, longest=self._max_length)
            sequences.append(torch.tensor(ids[start:]))
        return {
            "input_ids": pad_sequence(sequences, batch_first=True, padding_value=self._pad),
            "attention_mask": pad_sequence([torch.ones_like(s) for s in sequences], batch_first=True),
            "prefix": torch.tensor([self._prefix], dtype=torch.long),
        }


class _PretrainingTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Language modelling of what follows the shared prefix, which is computed once a step, with gradients."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Mean negative log-likelihood of a batch's tokens, each given all before it; the first of a row is not predicted."""
        ids, mask, prefix = inputs["input_ids"], inputs["attention_mask"], inputs["prefix"]
        past = repeated(prefix_cache(model, prefix[0].tolist()), len(ids))
        whole = torch.cat([mask.new_ones(len(ids), prefix.shape[1]), mask], dim=1)
        read = model.base_model(input_ids=ids, attention_mask=whole, past_key_values=past, use_cache=True)
        states, head = read.last_hidden_state[:, :-1].flatten(0, 1), model.get_output_embeddings().weight
        targets = ids[:, 1:].masked_fill(mask[:, 1:] == 0, IGNORED).flatten()
        return linear_cross_entropy(states, head, targets, ignore_index=IGNORED, options=PIECES)


def pretrain(prompts: Sequence[Prompt], base: Base, *, max_length: int, device: torch.device, run: Run) -> tuple[Phi3ForCausalLM, Any]:
    """(model, tokenizer) after `base.epochs` epochs over the prompts.

    The prompts are those of training texts in the plain frame (zero-shot, no label): the base learns the texts where it will meet them, and
    instruction and label names get tokens of their own. Validation and test texts must never come here.
    """
    set_seed(run.seed)
    tokenizer = train_tokenizer([prompt.content for prompt in prompts], base.vocab_size)
    model = build(tokenizer, base, max_length=max_length)
    encoded = PromptEncoder(tokenizer, max_length)(prompts)
    prefix = shared_prefix([row.ids for row in encoded])
    rows = [{"row": i, "input_ids": row.ids, "spans": row.spans} for i, row in enumerate(encoded)]
    collator = _Collator(tokenizer, prefix, Unmerger(tokenizer, base.unmerge), max_length=max_length, seed=run.seed)
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
    trainer = _PretrainingTrainer(
        model,
        arguments,
        train_dataset=rows,
        data_collator=collator,
        callbacks=[EpochCounter(collator)],
        optimizers=(optimizer(model, base), None),
    )
    trainer.model_accepts_loss_kwargs = False
    train(trainer, run)
    write_curve(trainer.state.log_history, ["step", "epoch", "loss"], run.curve)
    return model.eval(), tokenizer
