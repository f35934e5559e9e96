"""Training rows kept from the SFT warm-up, so that RL has some that the warm-up does not know by heart. No torch here."""

from collections.abc import Sequence

import pandas as pd

from gencls.errors import InputError
from gencls.prompts import Prompt
from gencls.sources.split import stratified


def split(prompts: Sequence[Prompt], fraction: float, seed: int) -> tuple[list[Prompt], list[Prompt]]:
    """(rows of the warm-up, rows of RL): `fraction` of each class is held out for RL, equal texts together; at 0 both get all rows.

    Raises:
        InputError: there are too few rows to hold out any.
    """
    if not fraction:
        return list(prompts), list(prompts)
    frame = pd.DataFrame({"text": [prompt.text for prompt in prompts], "label": [prompt.label for prompt in prompts]})
    held = set(stratified(frame.assign(row=range(len(frame))), validation=0.0, test=fraction, seed=seed)["test"]["row"])
    if not held:
        raise InputError(f"rl.holdout {fraction} of {len(prompts)} training rows holds out none; raise it, or set it to 0")
    return [p for i, p in enumerate(prompts) if i not in held], [p for i, p in enumerate(prompts) if i in held]
