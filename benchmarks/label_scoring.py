"""How long do the log-probabilities of 119 labels of 1-4 tokens take, after prompts of 300 tokens that share nothing?

Against lm-evaluation-harness (its own loglikelihood path over the same model, with its cache for one-token continuations; its batch size
is the fastest of a few), whose sums must be ours to 1e-4, and against one plain forward pass of the prompts alone: as transformers does it,
and, for the page, with the products that ours uses (gencls/onednn.py). Labels are random, so they share no beginnings: the largest trie
that so many tokens can make, 195 tokens more to read than the forward pass. Times are of one prompt: of 8 at a time against the forward
pass, 2 of the largest model, and of 1 or 2 against the harness, whose time is in proportion.
"""

import logging
from typing import Any

import numpy as np

from benchmarks import shapes
from benchmarks.harness import Result, alternate, arithmetic, main, profile, seconds

LABELS, LONGEST, PROMPT, PROMPTS = 119, 4, 300, 8
BATCH_SIZES = (1, 4, 16)
CHOICE = 32
"""Continuations by which the fastest of them is chosen."""
TOLERANCE = 1e-4
"""Of a log-probability of about -40 that both sides add up from float32."""


def run(smoke: bool) -> list[Result]:
    """All shapes."""
    if smoke:
        return [_against_harness("tiny", prompts=1, rounds=0), _against_forward("tiny", prompts=2, rounds=0)]
    harness = [_against_harness("builtin", prompts=2, rounds=3), _against_harness("10 M", prompts=1, rounds=0)]
    forward = [_against_forward(shape, PROMPTS, rounds=11) for shape in ("builtin", "10 M")]
    return [*harness, *forward, _against_forward("100 M", prompts=2, rounds=1)]


def _against_harness(shape: str, prompts: int, rounds: int) -> Result:
    from gencls.scorer import Scorer

    model, trie, rows = task(shape, prompts, PROMPT)
    scorer = Scorer(model, trie)
    requests = [(("", ""), row, trie.sequence(label)) for row in rows for label in range(LABELS)]
    theirs = _harness(shapes.build(shape, plain=True))
    size = min(BATCH_SIZES, key=lambda n: seconds(lambda: theirs(requests[:CHOICE], n)))
    _check_equal(scorer(rows) @ trie.membership, theirs(requests, size))
    ours_s, peer_s = alternate(lambda: scorer(rows), lambda: theirs(requests, size), rounds)
    peer = f"lm-evaluation-harness, batch {size}"
    return Result("label scoring, 119 labels", shape, ours_s / prompts, peer, peer_s / prompts, 40, "40x faster, scores equal to 1e-4")


def _against_forward(shape: str, prompts: int, rounds: int) -> Result:
    import torch

    from gencls.scorer import Scorer

    model, trie, rows = task(shape, prompts, PROMPT)
    scorer, ids = Scorer(model, trie), torch.tensor(rows, device=model.device)

    @torch.inference_mode()
    def forward(network: Any) -> None:
        network(ids, use_cache=False)

    plain = shapes.build(shape, plain=True)
    ours_s, peer_s = alternate(lambda: scorer(rows), lambda: forward(plain), rounds)
    own_s, limit_s = alternate(lambda: scorer(rows), lambda: forward(model), max(1, rounds // 2))
    multiplied = arithmetic(lambda: scorer(rows), lambda: forward(model))
    note = (
        f"{own_s / limit_s:.2f} times a forward pass with the products that the scorer uses; {multiplied}; {profile(lambda: scorer(rows))}"
    )
    demand = "at most 1.25x its time"
    peer = "a forward pass"
    return Result("label scoring, 119 labels", shape, ours_s / prompts, peer, peer_s / prompts, 1 / 1.25, demand, note=note)


def task(shape: str, prompts: int, length: int) -> tuple[Any, Any, list[list[int]]]:
    """Model, trie and prompts; no label is the beginning of another, as the end token sees to in real label sets."""
    from gencls.trie import LabelTrie

    model, rng = shapes.build(shape), np.random.default_rng(0)
    vocabulary = model.config.vocab_size
    sequences: list[list[int]] = []
    while len(sequences) < LABELS:
        new = shapes.tokens(rng, int(rng.integers(1, LONGEST + 1)), vocabulary)
        if all(new[: len(old)] != old[: len(new)] for old in sequences):
            sequences.append(new)
    return model, LabelTrie(sequences), [shapes.tokens(rng, length, vocabulary) for _ in range(prompts)]


def _harness(model: Any) -> Any:
    """`(requests, batch size)` → log-probabilities, by lm-evaluation-harness."""
    from lm_eval.models.huggingface import HFLM

    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # it warns that it was given a model and not a name
    tokenizer = shapes.word_tokenizer(model.config.vocab_size)
    harness = HFLM(pretrained=model, tokenizer=tokenizer, max_length=PROMPT + LONGEST)

    def score(requests: list[Any], size: int) -> list[float]:
        harness.batch_size_per_gpu = size
        return [answer[0] for answer in harness._loglikelihood_tokens(requests, disable_tqdm=True)]

    return score


def _check_equal(ours: np.ndarray, theirs: list[float]) -> None:
    difference = float(np.abs(ours.ravel() - np.array(theirs)).max())
    if difference > TOLERANCE:
        raise ValueError(f"the scores differ from lm-evaluation-harness by {difference:.2g}, allowed {TOLERANCE}")


if __name__ == "__main__":
    main(run)
