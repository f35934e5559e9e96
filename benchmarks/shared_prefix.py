"""What does it save that a prefix of 1,500 tokens, definitions of the labels say, is computed once for all rows?

Against the same scorer that is not told of the prefix, in time and memory: rows of 50 tokens after the prefix, 119 labels.
"""

import numpy as np

from benchmarks import shapes
from benchmarks.harness import Result, Work, alternate, arithmetic, cost, main, profile
from benchmarks.label_scoring import task

PREFIX, REST, ROWS = 1500, 50, 16


def run(smoke: bool) -> list[Result]:
    """The two shapes that are quick to measure."""
    sizes = [("tiny", 2, 0)] if smoke else [("builtin", ROWS, 3), ("10 M", ROWS, 3)]
    return [_compared(shape, rows, rounds) for shape, rows, rounds in sizes]


def _compared(shape: str, rows: int, rounds: int) -> Result:
    ours_s, peer_s = alternate(scoring(shape, rows, shared=True), scoring(shape, rows, shared=False), rounds)
    ours_mb, peer_mb = (cost(scoring, shape, rows, shared, imported=["benchmarks.shapes", "gencls.scorer"]).mb for shared in (True, False))
    demand = "4x faster, at most 1.3x the memory"
    both = [scoring(shape, rows, shared=shared) for shared in (True, False)]
    note = f"{arithmetic(*both)}; {profile(both[0])}"
    peer = "every row on its own"
    return Result("prefix of 1,500 tokens", shape, ours_s, peer, peer_s, 4, demand, ours_mb, peer_mb, memory_floor=1.3, note=note)


def scoring(shape: str, rows: int, shared: bool) -> Work:
    """Scores rows that share a prefix, told of it or not."""
    from gencls.kv_cache import Beginning
    from gencls.scorer import Scorer

    model, trie, rest = task(shape, rows, REST)
    prefix = shapes.tokens(np.random.default_rng(1), PREFIX, model.config.vocab_size)
    scorer = Scorer(model, trie)
    scorer([prefix[:4]])  # checks itself against the plain way once

    def work() -> None:
        scorer._beginning = Beginning(model)  # what it would keep for the next call is read anew
        scorer([prefix + row for row in rest], prefix if shared else ())

    return work


if __name__ == "__main__":
    main(run)
