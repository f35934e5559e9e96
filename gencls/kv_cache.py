"""Keys and values of tokens that are read once and asked about often: the shared beginning of prompts, a prompt before its labels."""

import copy
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class KeysAndValues(DynamicCache):  # type: ignore[misc]  # transformers is untyped here
    """A cache that can be filled (`fill`) without the rest of what the last layer would compute."""

    filling = False

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """As in transformers; `Filled` at the last layer while it is being filled."""
        both: tuple[Tensor, Tensor] = super().update(keys, values, layer_idx, *args, **kwargs)
        if self.filling and layer_idx + 1 == len(self.layers):
            raise Filled
        return both

    def fill(self, model: Any, ids: Tensor) -> None:
        """Let `model` read ids (B, T), which stand behind what is in the cache.

        What the last layer makes of its keys and values, attention, its feed-forward block and the head, goes into no later token, so the
        forward pass ends there: a quarter of a decoder of three layers.
        """
        self.filling = True
        with suppress(Filled):
            model(input_ids=ids, past_key_values=self, use_cache=True, logits_to_keep=1)
        self.filling = False


class Filled(Exception):  # no error: it ends a forward pass
    """The last layer's keys and values are in the cache."""


def prefix_cache(model: Any, prefix: Sequence[int]) -> KeysAndValues:
    """Keys and values of the shared prefix, for one row; with gradients if they are on."""
    cache = KeysAndValues(config=model.config)
    if prefix:
        cache.fill(model, torch.tensor([list(prefix)], device=model.device))
    return cache


def repeated(cache: KeysAndValues, rows: int) -> KeysAndValues:
    """A cache of one row for `rows` rows; the given one stays as it is, gradients flow back into it."""
    repeated = copy.copy(cache)
    repeated.layers = [copy.copy(layer) for layer in cache.layers]
    repeated.batch_repeat_interleave(rows)
    return repeated


class Roomy(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """A layer of a cache with room for tokens to come, which are written into it; DynamicLayer copies all that is there for each of them.

    Args:
        layer: whose keys and values these are, (B, heads, T, D) each.
        room: tokens that may come.
    """

    def __init__(self, layer: DynamicLayer, room: int) -> None:
        super().__init__()
        self.dtype, self.device, self.is_initialized = layer.dtype, layer.device, True
        self._room = room
        self._move_in(layer.keys, layer.values)

    def _move_in(self, keys: Tensor, values: Tensor) -> None:
        self._whole = [torch.nn.functional.pad(tensor, (0, 0, 0, self._room)) for tensor in (keys, values)]
        self.keys, self.values = (whole[..., : keys.shape[-2], :] for whole in self._whole)

    def update(self, keys: Tensor, values: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """As in DynamicLayer."""
        start, tokens = self.keys.shape[-2], keys.shape[-2]
        assert tokens <= self._room, "a slice beyond the end is empty, and a token written there would be lost without a word"
        for whole, new in zip(self._whole, (keys, values), strict=True):
            whole[..., start : start + tokens, :] = new
        self.keys, self.values = (whole[..., : start + tokens, :] for whole in self._whole)
        self._room -= tokens
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Only these rows, with the room that is left."""
        self._move_in(self.keys[indices], self.values[indices])


def give_room(cache: DynamicCache, room: int) -> None:
    """Let so many tokens come into each layer without copying what is there; layers that forget, as sliding windows do, stay."""
    cache.layers = [Roomy(layer, room) if type(layer) is DynamicLayer else layer for layer in cache.layers]


class Beginning:
    """Keys and values of what the prompts of many calls begin with, computed again only where the weights have changed since.

    One row of them is kept. A batch, and a single prompt all the more, may share more tokens by chance than its strategy makes all prompts
    share; what is kept is what two calls have in common, and so soon what all have.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._tokens: list[int] = []
        self._cache: KeysAndValues | None = None
        self._weights: list[tuple[int, int]] = []

    def __call__(self, prefix: Sequence[int]) -> tuple[list[int], KeysAndValues]:
        """The prefix, or as much of it as is worth keeping, and its cache."""
        weights = [(id(weight), weight._version) for weight in self._model.parameters()]  # every write in place counts it up
        common = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(self._tokens, prefix, strict=False)))
        tokens = list(prefix if 2 * common < len(prefix) else prefix[:common])
        if not tokens:
            return tokens, prefix_cache(self._model, tokens)
        if self._cache is None or tokens != self._tokens or weights != self._weights:
            self._tokens, self._cache, self._weights = tokens, prefix_cache(self._model, tokens), weights
        return self._tokens, self._cache
