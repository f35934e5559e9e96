"""Pieces of work on all cores of a CPU at once, each piece on one core.

torch shares out one operation after the other among its threads. The operations of a small decoder take less than a millisecond each, so
its threads wait for each other more than they work: the more cores, the more so. Whole batches share nothing, and so wait for nothing.
torch lets go of Python's lock while it computes, so threads will do; weights and the prefix's keys and values are there once for all.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def cores(device: torch.device) -> int:
    """How many pieces go on at once: torch's threads (`OMP_NUM_THREADS`); on a GPU one, which has its own ways to share."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def spread(work: Callable[[Piece], Result], pieces: Sequence[Piece], device: torch.device) -> Iterator[Result]:
    """The results in order, without gradients. Fewer pieces than cores are worked on one after the other, by all threads each."""

    def ungraded(piece: Piece) -> Result:
        with torch.inference_mode():  # holds for the thread that enters it
            return work(piece)

    threads = cores(device)
    if threads == 1 or len(pieces) < threads:
        yield from map(ungraded, pieces)
        return
    torch.set_num_threads(1)  # also of threads that begin from here on, and of MKL everywhere
    try:
        yield from _pool(threads).map(ungraded, pieces)
    finally:
        torch.set_num_threads(threads)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Kept: every thread that multiplies gets memory of MKL, which stays behind when it ends."""
    return ThreadPoolExecutor(threads, thread_name_prefix="core")
