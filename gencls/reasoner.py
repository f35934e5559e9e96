"""The reasoning generator, stage one of the two-stage recipe (Henrichsen & Krebs 2025): question and answer in, reasoning out.

It starts from the same base as the classifiers of its data set, as in the paper, whose two stages both start from Llama-3.2-1B-Instruct.
For the builtin base this means that the generator already knows the language of the texts that it will explain, and that what it writes
stands in the tokens that the classifiers write; words that only the corpus has are spelled in smaller tokens, down to bytes. A base of its
own, trained on corpus and texts together, would make the generator another model than the classifiers and cost a pretraining more.

The loss is on the reasoning alone. A share of the rows has no answer, so that the same generator can also reason blindly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gencls import reasoning
from gencls.corpora.rows import Row
from gencls.encode import PromptEncoder, shared_prefix, slices
from gencls.errors import InputError
from gencls.kv_cache import prefix_cache
from gencls.params import Reasoner
from gencls.progress import say
from gencls.prompts import Prompt
from gencls.sft import IGNORED, Reader, TargetCollator, Targets, fit, group_loss
from gencls.tokenizer import Unmerger
from gencls.training import Run, write_curve

HELD_OUT, MOST_HELD_OUT = 0.05, 500
"""Share, and rows at most, of the corpus whose loss decides which checkpoint is kept."""
MOSTLY = 2 / 3
"""Share of the corpus that should fit."""


@dataclass(frozen=True)
class Frame:
    """How a reasoner reads a question and an answer: token ids that leave `longest` tokens and an end token free for the reasoning."""

    tokenizer: Any
    max_length: int
    longest: int

    @property
    def prompt_tokens(self) -> int:
        """Of the longest prompt; questions and answers beyond lose their middle."""
        return self.max_length - self.longest - 1

    def encode(self, pairs: Sequence[tuple[str, str | None]]) -> list[Any]:
        """Questions with their answers, or None for a blind one, as `Encoded` prompts."""
        prompts = [Prompt(str(i), reasoning.frame(question, answer), "") for i, (question, answer) in enumerate(pairs)]
        return PromptEncoder(self.tokenizer, self.prompt_tokens)(prompts)


def learn(model: Any, frame: Frame, rows: Sequence[Row], section: Reasoner, run: Run) -> tuple[Any, dict[str, int]]:
    """The model after SFT on a corpus, at its lowest loss on rows held out, and how many rows were learnt, held out or too long.

    Raises:
        InputError: fewer than two rows have a reasoning of at most `frame.longest` tokens.
    """
    ids = _fitting(rows, frame)
    fitting = [i for i in np.random.default_rng([run.seed, 1]).permutation(len(rows)) if i in ids]
    _check(len(fitting), len(rows), frame.longest)
    held = max(1, min(MOST_HELD_OUT, int(HELD_OUT * len(fitting))))
    blind = np.random.default_rng([run.seed, 2]).random(len(rows)) < section.blind
    encoded = frame.encode([(rows[i].question, None if blind[i] else rows[i].answer) for i in fitting])
    prefix = shared_prefix([row.ids for row in encoded])
    targets = [[*ids[i], frame.tokenizer.eos_token_id] for i in fitting]
    parts = (slice(held), slice(held, None))
    held_out, learnt = (Targets(encoded[part], targets[part], prefix, [1.0] * len(targets[part])) for part in parts)
    reader = Reader(frame.tokenizer, Unmerger(frame.tokenizer, section.unmerge), frame.prompt_tokens)
    trainer = fit(model, learnt, section, run, reader=reader, measure=lambda model: _measure(model, held_out, reader, section.batch_size))
    write_curve(trainer.state.log_history, ["step", "epoch", "loss", "eval_loss"], run.curve)
    return trainer.model.eval(), {"learnt": len(fitting) - held, "held_out": held, "too_long": len(rows) - len(fitting)}


def _fitting(rows: Sequence[Row], frame: Frame) -> dict[int, list[int]]:
    """Row number → token ids of its reasoning, if it has any and they fit; of a large corpus the others are not held."""
    encoded = (ids for part in slices(row.reasoning for row in rows) for ids in reasoning.encode(part, frame.tokenizer))
    return {place: ids for place, ids in enumerate(encoded) if 0 < len(ids) <= frame.longest}


def _check(fitting: int, rows: int, longest: int) -> None:
    if fitting < 2:
        raise InputError(f"only {fitting} of {rows} reasonings of the corpus fit into model.max_reasoning {longest} tokens")
    if fitting < MOSTLY * rows:
        say(
            f"only {fitting} of {rows} reasonings of the corpus fit into model.max_reasoning {longest} tokens: raise it, or choose a "
            "corpus in the language of the texts, whose words this tokenizer does not spell"
        )


def _measure(model: Any, held_out: Targets, reader: Reader, batch_size: int) -> dict[str, float]:
    """Mean negative log-likelihood of a reasoning's token (loss), and its negative (score)."""
    collator = TargetCollator(Reader(reader.tokenizer, Unmerger(reader.tokenizer, 0.0), reader.longest), held_out.prefix, seed=0)
    rows, total, count = list(held_out.dataset()), 0.0, 0
    model.eval()
    with torch.inference_mode():
        cache = prefix_cache(model, held_out.prefix)
        for start in range(0, len(rows), batch_size):
            batch = {name: tensor.to(model.device) for name, tensor in collator(rows[start : start + batch_size]).items()}
            total += group_loss(model, batch, slice(None), cache).item()
            count += int((batch["labels"] != IGNORED).sum())
    return {"loss": total / count, "score": -total / count}
