"""How long does it take to write 64 new tokens after each of many prompts, as a model that explains its label does?

Against transformers' `generate` on the same prompts, sorted by length; either in batches of the size that is fastest here. The prompts
share a beginning of 100 tokens, as those of a strategy do, and go on with 20 to 100 of their own; weights are random, so hardly any row
ends early.
"""

from typing import Any

import numpy as np

from benchmarks import shapes
from benchmarks.harness import Result, alternate, main, profile, seconds
from benchmarks.inference_strategies import generate

NEW, PREFIX, SHORTEST, LONGEST = 64, 100, 20, 100
BATCH_SIZES = (16, 32, 64)
BATCH_TOKENS = (8192, 32768)


def run(smoke: bool) -> list[Result]:
    """Two shapes."""
    if smoke:
        return [_compared("tiny", rows=4, new=4, rounds=0)]
    return [_compared(shape, rows=64, new=NEW, rounds=2) for shape in ("builtin", "10 M")]


def _compared(shape: str, rows: int, new: int, rounds: int) -> Result:
    model, plain = shapes.build(shape), shapes.build(shape, plain=True)
    prefix, prompts = _prompts(shapes.vocabulary(shape), rows)
    size = min(BATCH_SIZES, key=lambda n: seconds(lambda: generate(plain, prompts, new, n)))
    ours = min((_ours(model, prompts, prefix, new, tokens) for tokens in BATCH_TOKENS), key=seconds)
    ours_s, peer_s = alternate(ours, lambda: generate(plain, prompts, new, size), rounds)
    peer, note = f"transformers generate, batch {size}", profile(ours)
    return Result(f"{rows} rationales, {new} tokens", shape, ours_s, peer, peer_s, 1.3, "1.3x faster", note=note)


def _prompts(vocabulary: int, rows: int) -> tuple[list[int], list[list[int]]]:
    """The beginning that all share, and whole prompts."""
    rng = np.random.default_rng(0)
    prefix = shapes.tokens(rng, PREFIX, vocabulary)
    return prefix, [prefix + shapes.tokens(rng, int(rng.integers(SHORTEST, LONGEST)), vocabulary) for _ in range(rows)]


def _ours(model: Any, prompts: list[list[int]], prefix: list[int], new: int, tokens: int) -> Any:
    from gencls.generation import Writer

    tokenizer = shapes.word_tokenizer(model.config.vocab_size)
    writer = Writer(model, tokenizer, end=shapes.END, longest=new, batch_tokens=tokens)
    return lambda: writer(prompts, prefix)


if __name__ == "__main__":
    main(run)
