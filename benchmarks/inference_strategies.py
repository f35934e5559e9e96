"""How long does it take to evaluate one model under nine inference strategies, every decoding?

Against transformers' `generate` over the same prompts, sorted by length, in batches of the size that is fastest of a few; it gives the
free greedy answer only. Measured are 96 rows for the 2,000 of the question: both sides take time in proportion, but for what ours does
once a strategy (reading the beginning that all its prompts share), which weighs more on fewer rows. The rows are those of the default
data set, the labels its 16 in about four tokens each, the model the builtin base with random weights: nothing it writes ends early, but in
a batch of real answers some label is as long as the longest.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import shapes
from benchmarks.bundles import tokenizer_of
from benchmarks.harness import Result, alternate, arithmetic, main, profile, seconds

ROWS = 2000
"""Of the question; each shape says on how many it was measured."""
STRATEGIES = ("zero", "fixed 1", "fixed 3", "fixed 5", "random 1", "random 3", "similar 1", "similar 3", "similar 5")
BATCH_SIZES = (8, 16, 32)


def run(smoke: bool) -> list[Result]:
    """One shape."""
    rows, few, rounds, sizes = (4, 1, 0, BATCH_SIZES[:1]) if smoke else (96, 16, 1, BATCH_SIZES)
    scheme, cells = _cells(rows)
    model, plain = shapes.build(shapes.BUILTIN), shapes.build(shapes.BUILTIN, plain=True)
    longest = max(len(sequence) for sequence in scheme.sequences)
    size = min(sizes, key=lambda n: seconds(lambda: generate(plain, [row.ids for row in cells[2].encoded], longest, n)))

    def theirs(asked: list[Any]) -> None:
        for cell in asked:
            generate(plain, [row.ids for row in cell.encoded], longest, size)

    ours, (_, counted) = _ours(model, scheme, cells), _cells(few)
    ours_s, peer_s = alternate(ours, lambda: theirs(cells), rounds)
    shape, peer = f"builtin, {rows} rows for {ROWS:,}", f"transformers generate, batch {size}"
    multiplied = arithmetic(_ours(model, scheme, counted), lambda: theirs(counted))
    note = f"{multiplied}, for {few} rows, {len(scheme.trie.tokens)} tokens of each the labels; {profile(ours)}"
    return [Result("9 inference strategies", shape, ours_s, peer, peer_s, 3, "3x faster", note=note)]


def _ours(model: Any, scheme: Any, cells: list[Any]) -> Callable[[], None]:
    """What the evaluate stage does with a model and encoded prompts."""
    from gencls import decoding
    from gencls.scorer import Scorer

    def work() -> None:
        for cell in cells:  # the evaluate stage has a scorer for each strategy, too
            scores = Scorer(model, scheme.trie).read([row.ids for row in cell.encoded], cell.prefix)
            decoding.free(scores.written, scheme.trie)
            for decode in decoding.DECODINGS.values():
                decode(scores.edges, scheme.trie)

    return work


def generate(model: Any, prompts: list[list[int]], longest: int, size: int) -> None:
    """So many new tokens after each prompt, by transformers, greedily."""
    import torch
    from transformers import GenerationConfig

    config = GenerationConfig(max_new_tokens=longest, do_sample=False, pad_token_id=0, eos_token_id=shapes.END)
    order = sorted(prompts, key=len, reverse=True)
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        ids = torch.zeros(len(batch), len(batch[0]), dtype=torch.long)
        for row, prompt in zip(ids, batch, strict=True):
            row[len(batch[0]) - len(prompt) :] = torch.tensor(prompt)
        mask = ids.ne(0)  # no prompt holds the padding token
        with torch.inference_mode():
            model.generate(ids.to(model.device), attention_mask=mask.long().to(model.device), generation_config=config)


def _cells(rows: int) -> tuple[Any, list[Any]]:
    """The scheme, and encoded prompts of every strategy. Similar examples are random ones here: they cost the same to read."""
    from gencls.labels import written
    from gencls.params import Base, SplitRows, Strategy
    from gencls.prompts import Prompt, Renderer
    from gencls.scheme import LabelScheme
    from gencls.sources.intents import generate

    splits = generate(SplitRows(train=1000, validation=100, test=100), noise=0.0, seed=0)
    train, test = splits["train"], splits["test"].head(rows)
    labels = sorted(train["label"].unique())
    names = written(labels, Strategy(), language="en", seed=0)
    scheme = LabelScheme.build(tokenizer_of(train["text"], names, Base().vocab_size), names, max_length=1024)
    renderer, examples, rng = Renderer(Strategy(), names), list(zip(train["text"], train["label"], strict=True)), np.random.default_rng(0)

    def prompts(strategy: str) -> list[Prompt]:
        kind, _, count = strategy.partition(" ")
        shown = [rng.choice(len(examples), int(count or 0)) for _ in range(1 if kind == "fixed" else rows)]
        picked = [[examples[i] for i in shown[row % len(shown)]] for row in range(rows)]
        texts = zip(test["text"], test["label"], picked, strict=True)
        return [Prompt(str(i), renderer.segments(text, few), label) for i, (text, label, few) in enumerate(texts)]

    return scheme, [scheme.encode(prompts(strategy)) for strategy in STRATEGIES]


if __name__ == "__main__":
    main(run)
