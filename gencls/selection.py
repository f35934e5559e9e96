"""Which cells of the grid are worth a test: chosen on validation, from scores that nobody has looked at the test split for.

A cell is a trained model under one inference strategy and one decoding. Roles name the cells that the test split is run for:

    naive_sft      zero-shot prompts in training and inference: GenCLS++'s point of comparison
    best_train     the best SFT model asked as it was trained, plain decoding: what the choice of a training strategy gives
    best_cell      the best of all SFT cells: what the choice of inference strategy and decoding adds
    warm_up        the naive SFT model where RL started from it; warm_up_<strategy> any other that it started from, asked as it was trained
    rl_<algorithm> an RL model that started from there; rl_<strategy>_<algorithm> one that started elsewhere, asked as its warm-up was
    best           the best of all cells; the model to take away
    arm_<strategy> an SFT model of the reasoning comparison, asked as it was trained; whatever its score, for it is compared and not chosen
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PLAIN_STRATEGY = "zero_shot"
PLAIN_DECODING = "trie"
SEPARATOR = " · "


@dataclass(frozen=True)
class Cell:
    """One cell and its validation scores."""

    trainer: str
    """sft or rl."""
    name: str
    """Training strategy; of an RL model its warm-up and algorithm, `zero_shot/grpo`."""
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
        return title(self.model, self.infer, self.decoding)

    @property
    def key(self) -> str:
        """The same as the name of a file."""
        return f"{self.model}-{self.infer}-{self.decoding}".replace("/", "-")


def title(*parts: str) -> str:
    """A model, its inference strategy and its decoding in one line; what is empty, as of a baseline, is left out."""
    return SEPARATOR.join(filter(None, parts))


def asked_alike(found: str, model: str) -> str:
    """The title of another model that is asked as the one of this title is."""
    return title(model, *found.split(SEPARATOR)[1:])


def cells(measured: Mapping[str, Any], infers: Sequence[str], decodings: Sequence[str]) -> list[Cell]:
    """One model's row of the grid, of what `evaluate` measured, in the given order."""
    scores = {(infer, decoding): measured["cells"][infer]["scores"][decoding] for infer in infers for decoding in decodings}
    return [Cell(measured["trainer"], measured["name"], *asked, own["accuracy"], own["macro_f1"]) for asked, own in scores.items()]


def roles(cells: Sequence[Cell], trained_under: Mapping[str, str], arms: Collection[str] = ()) -> dict[str, Cell]:
    """Role → cell; a role that the grid has no cell for is absent. Of equals the earlier cell is chosen.

    Args:
        cells: the whole grid.
        trained_under: model → the strategy of its training prompts; for RL that of its warm-up.
        arms: training strategies of the reasoning comparison.
    """
    decoding = plain(cells)
    own = [cell for cell in cells if cell.infer == trained_under[cell.model] and cell.decoding == decoding]
    sft = [cell for cell in cells if cell.trainer == "sft"]
    rl = [cell for cell in own if cell.trainer == "rl"]
    started = {warm_up(cell.name) for cell in rl}
    found = {
        "naive_sft": [cell for cell in own if (cell.trainer, cell.name) == ("sft", PLAIN_STRATEGY)],
        "best_train": [cell for cell in own if cell.trainer == "sft"],
        "best_cell": sft,
        **{warm_up_role(cell.name): [cell] for cell in own if cell.trainer == "sft" and cell.name in started},
        **{rl_role(cell.name): [cell] for cell in rl},
        "best": list(cells),
        **{f"arm_{cell.name}": [cell] for cell in own if cell.trainer == "sft" and cell.name in arms},
    }
    return {role: best(candidates) for role, candidates in found.items() if candidates}


def warm_up(name: str) -> str:
    """Strategy of the SFT model that an RL model of this name started from."""
    return name.split("/")[0]


def warm_up_role(strategy: str) -> str:
    """Of an SFT model that RL started from."""
    return "warm_up" if strategy == PLAIN_STRATEGY else f"warm_up_{strategy}"


def rl_role(name: str) -> str:
    """Of an RL model."""
    start, algorithm = name.split("/")
    return f"rl_{algorithm}" if start == PLAIN_STRATEGY else f"rl_{start}_{algorithm}"


def plain(cells: Sequence[Cell]) -> str:
    """The decoding that models are asked with where decodings are not the question."""
    return PLAIN_DECODING if any(cell.decoding == PLAIN_DECODING for cell in cells) else cells[0].decoding


def ranked(cells: Sequence[Cell]) -> list[Cell]:
    """The best first: by accuracy, then macro-F1, and of equals the earlier."""
    return sorted(cells, key=lambda cell: (-cell.accuracy, -cell.macro_f1))


def best(cells: Sequence[Cell]) -> Cell:
    """The first of `ranked`."""
    return ranked(cells)[0]
