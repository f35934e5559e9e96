"""The compute-matched control of reasoning: direct answers, trained for as many tokens as if each row also wrote its rationale.

An epoch of answers alone is shorter than one of rationales and answers, so rows are repeated within an epoch until prompts and answers have
as many tokens. Schedule, epochs and checkpoints stay those of the other arms; the tokens of a shared prefix count for every row.
"""

from collections.abc import Sequence

import numpy as np

from gencls import reasoning
from gencls.prompts import Prompt
from gencls.scheme import LabelScheme


def repeated(prompts: Sequence[Prompt], scheme: LabelScheme, *, seed: int) -> list[Prompt]:
    """The rows, and then rows again in random order until the tokens of their rationales (`Prompt.reasoning`) are made up for."""
    rows = scheme.encode(prompts)
    own = [len(row.ids) + len(scheme.sequences[gold]) for row, gold in zip(rows.encoded, rows.gold, strict=True)]
    missing = sum(len(ids) + 1 for ids in reasoning.encode([prompt.reasoning for prompt in prompts], scheme.tokenizer))
    rng, out = np.random.default_rng(seed), list(prompts)
    while missing > 0:
        for row in rng.permutation(len(prompts)):
            out.append(prompts[row])
            missing -= own[row]
            if missing <= 0:
                break
    return out
