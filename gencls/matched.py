"""The compute-matched control of reasoning: direct answers, trained for as many tokens as if each row also wrote its rationale.

An epoch of answers alone is shorter than one of rationales and answers, so rows are repeated within an epoch until prompts and answers have
as many tokens. Schedule, epochs and checkpoints stay those of the other arms; the tokens of a shared prefix count for every row.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gencls.prompts import TEMPLATES, Prompt, Segment
from gencls.scheme import LabelScheme


def repeated(prompts: Sequence[Prompt], scheme: LabelScheme, language: str, longest: int, *, seed: int) -> list[Prompt]:
    """The rows, and then rows again in random order until they are as many tokens as with their rationales.

    Args:
        prompts: that ask for the label, with the rationale (`Prompt.reasoning`) that Q→RA writes before it.
        longest: tokens of a rationale at most (`model.max_reasoning`).
    """
    asking: Segment = ("fixed", f"\n{TEMPLATES[language].reasoning}")  # not as long as what asks for a label
    asked = [replace(prompt, segments=[*prompt.segments[:-1], asking]) for prompt in prompts]
    own = tokens(prompts, scheme)
    missing = sum(tokens(asked, replace(scheme, reasoning=longest))) - sum(own)
    rng, out = np.random.default_rng(seed), list(prompts)
    while missing > 0:
        for row in rng.permutation(len(prompts)):
            out.append(prompts[row])
            missing -= own[row]
            if missing <= 0:
                break
    return out


def tokens(prompts: Sequence[Prompt], scheme: LabelScheme) -> list[int]:
    """Of each row: its prompt, what is written before the label, and the label."""
    rows = scheme.encode(prompts)
    before = rows.reasonings or [[]] * len(prompts)
    return [
        len(row.ids) + len(reasoning) + len(scheme.sequences[gold])
        for row, reasoning, gold in zip(rows.encoded, before, rows.gold, strict=True)
    ]
