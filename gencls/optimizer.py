"""Muon for the matrices inside a model, AdamW for everything else, as one optimizer; or AdamW alone.

Muon (Jordan et al. 2024) steps along the orthogonalised momentum of a weight matrix, so that no direction of it learns much faster than
another. A small decoder trained from nothing on a few thousand texts gains most by that: it needs fewer epochs. Embeddings, the output
layer, norms and biases are no maps between hidden states and stay with AdamW. `match_rms_adamw` (Liu et al. 2025, "Muon is Scalable")
scales Muon's step to the size of AdamW's, so that both share one learning rate.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from gencls.params import Base, Train


def optimizer(model: nn.Module, section: Base | Train) -> Optimizer | None:
    """For a model's trainable weights, as a section of params.yaml says; None lets Trainer make its own AdamW."""
    if section.optimizer == "adamw":
        return None
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    outer = _outer_weights(model)
    matrices = [weight for weight in trained if weight.ndim == 2 and id(weight) not in outer]
    chosen = {id(weight) for weight in matrices}
    rest = [weight for weight in trained if id(weight) not in chosen]
    return MuonAdamW(matrices, rest, lr=section.lr, weight_decay=section.weight_decay)


def _outer_weights(model: nn.Module) -> set[int]:
    """Ids of the weights of embeddings and of the last layer, which reads or writes tokens or classes."""
    embeddings = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
    last = [module.weight for module in model.modules() if isinstance(module, nn.Linear)][-1:]
    return {id(weight) for weight in embeddings + last}


class MuonAdamW(Optimizer):
    """Two optimizers that step together, each with its own state; the parameter groups are those of both.

    Muon's matrices decay by `weight_decay`; what AdamW keeps does not.
    """

    def __init__(self, matrices: list[nn.Parameter], rest: list[nn.Parameter], *, lr: float, weight_decay: float) -> None:
        self._parts: list[Optimizer] = []
        if matrices:
            self._parts.append(Muon(matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"))
        if rest:  # under LoRA all that is trained are matrices
            self._parts.append(AdamW(rest, lr=lr, weight_decay=0.0))
        super().__init__([group for part in self._parts for group in part.param_groups], {})  # the same dicts: a schedule sets both

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of both."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The states of both, in order."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from such a state."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self._parts for group in part.param_groups]
