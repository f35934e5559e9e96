"""Writing on after many prompts at once: sorted by length, left-padded, the shared prefix computed once, keys and values kept.

Rows that are done leave the batch when they are half of it. A row draws its tokens from random numbers of its own, so what it writes hangs
neither on the rows beside it (but for rounding) nor on how many of them there are.

Legend of axes: B rows of a batch, P prefix tokens, R tokens of the longest rest, T tokens written at most, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import DynamicCache, NoRepeatNGramLogitsProcessor

from gencls.cores import cores, spread
from gencls.kv_cache import give_room, prefix_cache, repeated
from gencls.progress import Ticker
from gencls.reasoning import Answer, parse, special_tokens
from gencls.scheme import LabelScheme, Rows

LEAST_ROWS = 16
"""Of fewer rows a step takes as long as reading the weights, which several batches would do at once."""
UNREPEATED = 6
"""Tokens of a run that does not stand twice in a reasoning written greedily: a small model goes round in circles, up to the limit.

Shorter runs may be meant: the name of a label has several tokens, and a reasoning may name it twice.
"""
Draws = Callable[[int], NDArray[np.float64]]
"""Row number → (T,) numbers in [0, 1), one a token."""


@dataclass(frozen=True)
class Sampling:
    """Nucleus sampling: the likeliest tokens that together have `top_p`, at a temperature.

    With `special`, special tokens are drawn like all others: the policy as it is.
    """

    temperature: float
    top_p: float
    draws: Draws
    special: bool = False


@dataclass(frozen=True)
class Greedy:
    """The likeliest token; with `unrepeated`, of those that do not end a run of so many tokens which stands in what was written before."""

    unrepeated: int | None = None


class Writer:
    """Writes until an end token.

    Args:
        model: a causal language model, put into eval mode at each call.
        end: token that ends a row; all other special tokens are written only by a sampling that says so.
        longest: tokens written at most, the end token included.
        batch_tokens: tokens in one batch, padding and what is written included; changes speed only.
    """

    def __init__(self, model: Any, tokenizer: Any, *, end: int, longest: int, batch_tokens: int = 16384) -> None:
        self._model, self._pad, self._end = model, tokenizer.pad_token_id, end
        self._longest, self._batch_tokens = longest, batch_tokens
        known = range(model.config.get_text_config().vocab_size)  # a tokenizer may have special tokens that the model has no numbers for
        banned = [id for id in sorted(special_tokens(tokenizer) - {end}) if id in known]
        self._banned = torch.tensor(banned, dtype=torch.long, device=model.device)

    def __call__(
        self,
        prompts: Sequence[Sequence[int]],
        prefix: Sequence[int] = (),
        sampling: Sampling | Greedy = Greedy(),
        tick: Callable[[int], None] | None = None,
    ) -> list[list[int]]:
        """Token ids written after each of the whole prompts, which all start with `prefix`; the end token stands where it was reached.

        `tick` is told how many rows are done; without it that is said now and then.
        """
        self._model.eval()
        written: list[list[int]] = [[] for _ in prompts]
        lengths, done = [len(prompt) - len(prefix) for prompt in prompts], 0
        tick = tick or Ticker("written", len(prompts)).at
        with torch.inference_mode():
            cache = prefix_cache(self._model, prefix)

        def write(batch: list[int]) -> list[list[int]]:
            rows = [list(prompts[i][len(prefix) :]) for i in batch]
            draws = None if isinstance(sampling, Greedy) else np.stack([sampling.draws(i)[: self._longest] for i in batch])
            return self._write(rows, cache, len(prefix), sampling, draws)

        device = self._model.device
        batches = self._batches(lengths, len(prefix), cores(device))
        for batch, found in zip(batches, spread(write, batches, device), strict=True):
            for i, ids in zip(batch, found, strict=True):
                written[i] = ids
            done += len(batch)
            tick(done)
        return written

    def _batches(self, lengths: Sequence[int], prefix: int, at_once: int) -> list[list[int]]:
        """Row numbers per batch, longest rows first; batches of like size, for a step costs hardly less where few rows write.

        Args:
            at_once: batches that share the memory, and the rows, unless these are too few.
        """
        if not lengths:
            return []
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        most = max(self._batch_tokens // at_once // (prefix + lengths[order[0]] + self._longest), 1)
        number = max(-(-len(order) // most), min(at_once, len(order) // LEAST_ROWS))
        return [batch.tolist() for batch in np.array_split(order, number)]

    def _write(
        self, rows: list[list[int]], cache: DynamicCache, prefix: int, sampling: Sampling | Greedy, draws: NDArray[np.float64] | None
    ) -> list[list[int]]:
        state, logits = self._start(rows, cache, prefix)
        written: list[list[int]] = [[] for _ in rows]
        so_far = logits.new_empty(len(rows), 0, dtype=torch.long)  # (B, step)
        alive = np.arange(len(rows))  # rows still in the batch
        going = np.ones(len(rows), dtype=bool)
        for step in range(self._longest):
            if isinstance(sampling, Greedy) and sampling.unrepeated:
                logits = NoRepeatNGramLogitsProcessor(sampling.unrepeated)(so_far, logits)
            tokens = self._choose(logits, sampling, None if draws is None else draws[alive, step])
            so_far = torch.cat([so_far, tokens[:, None]], dim=1)
            chosen = tokens.cpu().numpy()
            for row, token in zip(alive[going], chosen[going], strict=True):
                written[row].append(int(token))
            going &= chosen != self._end
            if step + 1 == self._longest or not going.any():
                break
            if 2 * going.sum() <= len(going):
                kept = np.flatnonzero(going)
                state, tokens, so_far, alive, going = state.only(kept), tokens[kept], so_far[kept], alive[kept], going[kept]
            state, logits = state.fed(self._model, tokens)
        return written

    def _start(self, rows: list[list[int]], cache: DynamicCache, prefix: int) -> tuple["_State", Tensor]:
        width, device = max(map(len, rows)), self._model.device
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
        state = _State(
            repeated(cache, len(rows)),
            torch.cat([mask.new_ones(len(rows), prefix), mask], dim=1),
            (mask.cumsum(dim=1) - 1).clamp(min=0) + prefix,
        )
        logits = state.logits(self._model, torch.tensor([[self._pad] * (width - len(row)) + row for row in rows], device=device))
        give_room(state.cache, self._longest)
        return state, logits

    def _choose(self, logits: Tensor, sampling: Sampling | Greedy, draws: NDArray[np.float64] | None) -> Tensor:
        """(B,) tokens."""
        logits = logits.float()
        if isinstance(sampling, Greedy) or not sampling.special:
            logits = logits.index_fill(1, self._banned, -torch.inf)
        if isinstance(sampling, Greedy) or draws is None:
            return logits.argmax(dim=-1)
        shares = (logits / sampling.temperature).softmax(dim=-1)
        if sampling.top_p >= 1:
            return _pick(shares, draws)[:, 0]
        shares, order = shares.sort(dim=-1, descending=True, stable=True)
        above = shares.cumsum(dim=-1) - shares
        return order.gather(1, _pick(shares.masked_fill(above >= sampling.top_p, 0.0), draws))[:, 0]


def _pick(shares: Tensor, draws: NDArray[np.float64]) -> Tensor:
    """(B, 1) columns of shares (B, V), each as likely as its part of its row; `draws` (B,) in [0, 1) decide."""
    inside = shares.cumsum(dim=-1)
    wanted = torch.from_numpy(draws).to(inside)[:, None] * inside[:, -1:]
    place = torch.searchsorted(inside, wanted, right=True)
    last = torch.searchsorted(inside, inside[:, -1:].contiguous())  # a number that rounding made 1 would pick a token of probability 0
    return place.minimum(last)


@dataclass(frozen=True)
class _State:
    """A batch in the middle of writing: keys and values, mask (B, P + R + written), positions (B, of the tokens fed last)."""

    cache: DynamicCache
    mask: Tensor
    positions: Tensor

    def logits(self, model: Any, ids: Tensor) -> Tensor:
        """(B, V) after the last of `ids`, whose keys and values join the cache."""
        out: Tensor = model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        return out

    def fed(self, model: Any, tokens: Tensor) -> tuple["_State", Tensor]:
        """One token further."""
        longer = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        state = replace(self, mask=longer, positions=self.positions[:, -1:] + 1)
        return state, state.logits(model, tokens[:, None])

    def only(self, rows: NDArray[np.int64]) -> "_State":
        """Without the other rows."""
        kept = torch.from_numpy(rows).to(self.mask.device)
        self.cache.batch_select_indices(kept)
        return _State(self.cache, self.mask[kept], self.positions[kept])


@dataclass(frozen=True)
class Reasoned:
    """Rows with the reasoning that a model wrote for each.

    Attributes:
        rows: the prompts, each with its reasoning and the marker behind it: where the label is to be scored.
        answers: what was written; one that did not end within the limit gets the marker all the same.
    """

    rows: Rows
    answers: list[Answer]


def reason(model: Any, scheme: LabelScheme, rows: Rows, *, batch_tokens: int = 8192) -> Reasoned:
    """Let a model write its reasonings, greedily and without circles."""
    writer = Writer(model, scheme.tokenizer, end=scheme.marker, longest=scheme.reasoning + 1, batch_tokens=batch_tokens)
    written = writer([row.ids for row in rows.encoded], rows.prefix, Greedy(UNREPEATED))
    answers = [parse(ids, scheme.marker, scheme.sequences) for ids in written]
    encoded = [
        replace(row, ids=[*row.ids, *answer.reasoning[: scheme.reasoning], scheme.marker])
        for row, answer in zip(rows.encoded, answers, strict=True)
    ]
    return Reasoned(replace(rows, encoded=encoded), answers)
