"""How long `dvc repro` will take: tokens x parameters x epochs over a measured matmul rate, plus the start of every stage.

    seconds = sum over trainings of 6 · parameters · rows met · tokens / (EFFICIENCY · rate)          (forward 2, backward 4)
            + sum over evaluations of 2 · parameters · rows · tokens · decodings / (EFFICIENCY · rate)
            + STEP · steps + START · stages

An estimate: it leaves out attention, which grows with the square of the length, and what else the machine does.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gencls.affinity import cores
from gencls.params import Base, Split, Strategy

EFFICIENCY = 0.5
"""Share of the matmul rate that training is taken to reach: with it the default run comes out at about what it takes on two cores."""
STEP = 0.05
"""Seconds that a training step takes however little it reads: Muon on the matrices of the builtin base, and Python."""
START = 7.0
"""Seconds that a stage takes besides its arithmetic: Python, torch, reading and writing."""
STAGES_ONCE = 15
"""ingest, validate, base, mine, define, neighbours, reasoner, rationalise, baseline, head, rl, ask, final, bundle, report."""
SIDE = 1024
REPEATS = 5


@dataclass(frozen=True)
class Training:
    """What has to be computed."""

    rows: dict[Split, int]
    base: Base
    sft_epochs: int
    decodings: int
    """Of the grid, all of which answer every prompt."""
    tokens: dict[str, float]
    """Strategy → mean tokens of a prompt and its answer, without the head that all prompts share, which is computed once a batch."""

    @property
    def parameters(self) -> int:
        """Of the builtin base: its embeddings, which are also its output, and twelve squares of its width a layer."""
        return self.base.vocab_size * self.base.width + 12 * self.base.layers * self.base.width**2


def matmul_rate() -> float:
    """Floating-point operations a second of all cores in a float32 matrix product, the best of a few; takes a moment.

    Processor time is measured, so what else the machine does at this moment changes neither the estimate nor what is chosen by it.
    """
    a = np.ones((SIDE, SIDE), dtype=np.float32)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        a @ a
        best = min(best, time.process_time() - start)
    return 2 * SIDE**3 / best * cores()


def minutes(training: Training, strategies: Mapping[str, Strategy], flops: float) -> tuple[float, str]:
    """(minutes, the formula with its numbers) for these strategies in training and inference, and one RL algorithm."""
    rows, tokens = training.rows, training.tokens
    models, met = len(strategies) + 1, {name: rows["train"] * training.sft_epochs + of.mixed for name, of in strategies.items()}
    learnt = rows["train"] * (training.base.epochs + 1) * tokens["zero_shot"] + sum(met[name] * tokens[name] for name in strategies)
    ways = sum(tokens[name] for name, of in strategies.items() if of.asked == of)
    asked = (rows["validation"] * models + rows["test"]) * ways * training.decodings
    operations = training.parameters * (6 * learnt + 2 * asked)
    steps = (rows["train"] * training.base.epochs + sum(met.values())) // training.base.batch_size
    stages = STAGES_ONCE + 2 * len(strategies) + models
    seconds = operations / (EFFICIENCY * flops) + STEP * steps + START * stages
    formula = (
        f"{training.parameters / 1e6:.1f} M parameters x (6 x {learnt / 1e6:.1f} M tokens learnt + 2 x {asked / 1e6:.1f} M asked) / "
        f"({EFFICIENCY} x {flops / 1e9:.0f} GFLOP/s measured) + {steps} steps x {STEP} s + {stages} stages x {START:.0f} s"
    )
    return seconds / 60, formula
