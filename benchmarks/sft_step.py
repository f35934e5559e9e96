"""How long does a step of supervised fine-tuning take: 16 rows, prompts of 256 tokens that share nothing, labels of 4 tokens?

Against TRL's SFTTrainer as it comes, on the same rows (on a CPU without the bf16 that it cannot do there), in time and memory, and against
forward and backward of the bare backbone on the same tokens: no head, no loss, no optimizer, no data loader. A step lasts from the
beginning of one forward pass to that of the next, so all that the trainers do is in it. There is no shared prefix to compute once, which
every real data set has.

A trainer's last pass ends no step, so of n passes there are n - 1: medians are of two steps against TRL and of five against the backbone,
which has one more; at 100 M there is one step, between the first two passes, where ours includes what the optimizer allocates.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import shapes
from benchmarks.harness import Result, cost, main

PROMPT, LABEL, BATCH = 256, 4, 16


def run(smoke: bool) -> list[Result]:
    """TRL at one shape, the backbone at two."""
    if smoke:
        return [_against_trl("tiny", passes=2), _against_backbone("tiny", passes=2)]
    trl = _against_trl("10 M", passes=3)
    return [trl, _against_backbone("10 M", passes=6), _against_backbone("100 M", passes=2)]


def _against_trl(shape: str, passes: int) -> Result:
    own, peer = (cost(side, shape, passes, imported=["trl", "gencls.sft"]) for side in (ours, trl))
    demand, memory = "4x faster, at most half the memory", (own.mb, peer.mb)
    return Result("SFT step", shape, own.found[0], "TRL's SFTTrainer", peer.found[0], 4, demand, *memory, memory_floor=0.5)


def _against_backbone(shape: str, passes: int) -> Result:
    (ours_s, optimizer_s), (peer_s, _) = (side(shape, passes)() for side in (ours, backbone))  # one after the other in memory
    demand = "at most 1.15x its time"
    note = f"of ours {optimizer_s:.3g} s are the optimizer's"
    return Result("SFT step", shape, ours_s, "backbone forward + backward", peer_s, 1 / 1.15, demand, note=note)


class Training:
    """A run of some steps that notes when each begins, and how long its optimizer takes."""

    def __init__(self, model: Any, train: Callable[[], object]) -> None:
        self._train = train
        self._begins: list[float] = []
        self._optimizing: list[float] = []
        model.register_forward_pre_hook(self._note)

    def _note(self, module: Any, inputs: Any) -> None:
        if module.training:  # the library measures validation too
            self._begins.append(time.perf_counter())

    def __call__(self) -> tuple[float, float]:
        """Train; median seconds of a step, and of what the optimizer takes of it: 0 where there is none."""
        from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

        began: list[float] = []  # one optimizer may be made of others, whose steps lie inside its own

        def end(*_: object) -> None:
            start = began.pop()
            if not began:
                self._optimizing.append(time.perf_counter() - start)

        with register_optimizer_step_pre_hook(lambda *_: began.append(time.perf_counter())), register_optimizer_step_post_hook(end):
            self._train()
        return median(np.diff(self._begins).tolist()), median(self._optimizing or [0.0])


def ours(shape: str, passes: int) -> Training:
    """The library, with its defaults but for the batch."""
    from gencls.encode import Encoded
    from gencls.params import Sft
    from gencls.scheme import LabelScheme, Rows
    from gencls.sft import finetune
    from gencls.training import Run

    model, (prompts, labels) = shapes.build(shape), _rows(shape, passes)
    scheme = LabelScheme(shapes.word_tokenizer(model.config.vocab_size), [str(label) for label in labels], labels, PROMPT + LABEL)
    train = Rows([Encoded(prompt, spans=[]) for prompt in prompts], list(range(len(labels))) * (len(prompts) // len(labels)), prefix=[])
    rows = {"train": train, "validation": Rows(train.encoded[:1], train.gold[:1], prefix=[])}

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            finetune(model, scheme, rows, Sft(epochs=1, batch_size=BATCH), Run(0, Path(folder) / "scratch", Path(folder) / "curve.csv"))

    return Training(model, work)


def trl(shape: str, passes: int) -> Training:
    """SFTTrainer with its defaults but for the batch, and no checkpoints or logs."""
    import datasets
    import torch
    from trl import SFTConfig, SFTTrainer

    datasets.disable_progress_bars()
    model, (prompts, labels) = shapes.build(shape, plain=True), _rows(shape, passes)
    words = [" ".join(f"<{token}>" for token in prompt) for prompt in prompts]
    answers = [" ".join(f"<{token}>" for token in labels[i % len(labels)][:-1]) for i in range(len(prompts))]
    precision = {} if torch.cuda.is_available() else {"use_cpu": True, "bf16": False}

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            quiet = {"save_strategy": "no", "report_to": "none", "disable_tqdm": True}
            settings = SFTConfig(folder, num_train_epochs=1, per_device_train_batch_size=BATCH, **quiet, **precision)
            rows = datasets.Dataset.from_dict({"prompt": [f"{prompt} " for prompt in words], "completion": answers})
            tokenizer = shapes.word_tokenizer(model.config.vocab_size)
            SFTTrainer(model, settings, train_dataset=rows, processing_class=tokenizer).train()

    return Training(model, work)


def backbone(shape: str, passes: int) -> Training:
    """Forward and backward of all but the head."""
    import torch

    model, (prompts, labels) = shapes.build(shape, plain=True).base_model, _rows(shape, passes)
    model.train()
    rows = [prompt + labels[i % len(labels)][:-1] for i, prompt in enumerate(prompts)]
    ids = torch.tensor(rows, device=model.device).view(passes, BATCH, -1)

    def work() -> None:
        for batch in [*ids, ids[0]]:  # the last is there to end the one before
            model.zero_grad()
            model(batch, use_cache=False).last_hidden_state.sum().backward()

    return Training(model, work)


def _rows(shape: str, passes: int) -> tuple[list[list[int]], list[list[int]]]:
    """Prompts of so many passes, and labels, the end token included."""
    rng = np.random.default_rng(0)
    vocabulary = shapes.vocabulary(shape)
    labels = [[*shapes.tokens(rng, LABEL - 1, vocabulary), shapes.END] for _ in range(BATCH)]
    return [shapes.tokens(rng, PROMPT, vocabulary) for _ in range(passes * BATCH)], labels


if __name__ == "__main__":
    main(run)
