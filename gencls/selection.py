"""Which cells of the grid are worth a test: chosen on validation, from scores that nobody has looked at the test split for.

A cell is a trained model under one inference strategy and one decoding. Roles name the cells that the test split is run for:

    naive_sft      zero-shot prompts in training and inference: GenCLS++'s point of comparison
    best_train     the best SFT model asked as it was trained, plain decoding: what the choice of a training strategy gives
    best_cell      the best of all SFT cells: what the choice of inference strategy and decoding adds
    warm_up        the SFT model that RL started from, asked as it was trained
    rl_<algorithm> an RL model, asked as its warm-up was
    best           the best of all cells; the model to take away
    arm_<strategy> an SFT model of the reasoning comparison, asked as it was trained; whatever its score, for it is compared and not chosen
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

PLAIN_STRATEGY = "zero_shot"
PLAIN_DECODING = "trie"


@dataclass(frozen=True)
class Cell:
    """One cell and its validation scores."""

    trainer: str
    """sft or rl."""
    name: str
    """Training strategy or RL algorithm."""
    infer: str
    decoding: str
    accuracy: float
    macro_f1: float

    @property
    def model(self) -> str:
        """`sft/zero_shot`."""
        return f"{self.trainer}/{self.name}"

    @property
    def title(self) -> str:
        """The model and how it is asked."""
        return f"{self.model} · {self.infer} · {self.decoding}"

    @property
    def key(self) -> str:
        """The same as the name of a file."""
        return f"{self.trainer}-{self.name}-{self.infer}-{self.decoding}"


def roles(cells: Sequence[Cell], trained_under: Mapping[str, str], arms: Collection[str] = ()) -> dict[str, Cell]:
    """Role → cell; a role that the grid has no cell for is absent. Of equals the earlier cell is chosen.

    Args:
        cells: the whole grid.
        trained_under: model → the strategy of its training prompts; for RL that of its warm-up.
        arms: training strategies of the reasoning comparison.
    """
    plain = PLAIN_DECODING if any(cell.decoding == PLAIN_DECODING for cell in cells) else cells[0].decoding
    own = [cell for cell in cells if cell.infer == trained_under[cell.model] and cell.decoding == plain]
    sft = [cell for cell in cells if cell.trainer == "sft"]
    rl = [cell for cell in own if cell.trainer == "rl"]
    started = {trained_under[cell.model] for cell in rl}
    found = {
        "naive_sft": [cell for cell in own if (cell.trainer, cell.name) == ("sft", PLAIN_STRATEGY)],
        "best_train": [cell for cell in own if cell.trainer == "sft"],
        "best_cell": sft,
        "warm_up": [cell for cell in own if cell.trainer == "sft" and cell.name in started],
        **{f"rl_{cell.name}": [cell] for cell in rl},
        "best": list(cells),
        **{f"arm_{cell.name}": [cell] for cell in own if cell.trainer == "sft" and cell.name in arms},
    }
    return {role: best(candidates) for role, candidates in found.items() if candidates}


def best(cells: Sequence[Cell]) -> Cell:
    """By accuracy, then macro-F1."""
    return max(cells, key=lambda cell: (cell.accuracy, cell.macro_f1))
