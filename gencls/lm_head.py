"""The language-model head by itself: logits in pieces that stay in the processor's cache, in place of gigabytes that are written once.

A forward pass is ended before the head (`stopped_before`), and the head is asked about some columns at a time (`in_pieces`). What a model
does to its logits after the head, a cap or a factor, would be lost; `last_module` finds out whether it does anything.
"""

from collections.abc import Callable, Iterator
from threading import get_ident
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

PIECE_BYTES = {"cpu": 2**24, "cuda": 2**28}
"""Of logits at a time. On a CPU a piece and what is made of it should fit the last cache, and be small enough that its memory is used
again instead of being fetched page by page from the system; on a GPU a piece should keep it busy.
"""


class Reached(Exception):  # no error: it ends a forward pass
    """The head was called."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states


def last_module(model: Any, token: int) -> Module | None:
    """The head, where the logits after a token are its output as it is; None where the model goes on to change them.

    The token is not the padding one: that is all zeros, and so are its logits, whatever is done to them.
    """
    head: Module | None = model.get_output_embeddings()
    if head is None:
        return None
    seen: list[Tensor] = []
    hook = head.register_forward_hook(lambda module, given, output: seen.append(output.clone()))  # it may be changed in place
    with hook:
        logits = model(input_ids=torch.tensor([[token]], device=model.device), use_cache=False).logits
    return head if seen and torch.equal(seen[-1].float(), logits.float()) else None


def stopped_before(head: Module, forward: Callable[[], object]) -> Tensor:
    """(B, S, D) what a forward pass hands to the head, where it ends."""
    mine = get_ident()

    def stop(module: Module, given: tuple[Tensor, ...]) -> None:
        if get_ident() == mine:  # another thread may be using the head at the moment
            raise Reached(given[0])

    with head.register_forward_pre_hook(stop):
        try:
            forward()
        except Reached as reached:
            return reached.states
    raise ValueError(f"the forward pass never came to its {type(head).__name__}")


def in_pieces(head: Module, states: Tensor, vocabulary: int) -> Iterator[tuple[int, Tensor]]:
    """First column of a piece and its logits (B, columns, V), from states (B, S, D)."""
    at_once = max(1, PIECE_BYTES.get(states.device.type, 2**24) // (4 * vocabulary * len(states)))
    for start in range(0, states.shape[1], at_once):
        yield start, head(states[:, start : start + at_once])
