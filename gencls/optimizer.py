"""Muon for the matrices inside a model, AdamW for everything else, as one optimizer; or AdamW alone.

Muon (Jordan et al. 2024) steps along the orthogonalised momentum of a weight matrix, so that no direction of it learns much faster than
another. A small decoder trained from nothing on a few thousand texts gains most by that: it needs fewer epochs. Embeddings, the output
layer, norms and biases are no maps between hidden states and stay with AdamW. `match_rms_adamw` (Liu et al. 2025, "Muon is Scalable")
scales Muon's step to the size of AdamW's, so that both share one learning rate.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
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


def multiplies_bfloat16(device: torch.device, processor: Mapping[str, Any]) -> bool:
    """Whether there are instructions for it: on a GPU, and on a processor with such a capability (`torch.cpu.get_capabilities()`)."""
    return device.type != "cpu" or any(has for name, has in processor.items() if name.endswith("bf16"))


class Float32Muon(Muon):
    """torch's Muon, its products in float32: `match_rms_adamw` and Nesterov's momentum, which is all that is used here.

    torch orthogonalises in bfloat16, whatever the processor. One without instructions for it, as most outside data centres are, so takes
    sixteen times as long as in float32: 1.65 s for a step of the builtin base in place of 0.10 (AVX2, one thread).
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # MuonAdamW has called it already
        """One step."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if weight not in self.state:
                    self.state[weight]["momentum_buffer"] = torch.zeros_like(weight.grad)
                momentum = self.state[weight]["momentum_buffer"].lerp_(weight.grad, 1 - group["momentum"])
                update = orthogonal(weight.grad.lerp(momentum, group["momentum"]), group["ns_coefficients"], group["ns_steps"])
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"] * 0.2 * max(weight.shape) ** 0.5)


def orthogonal(matrix: Tensor, coefficients: tuple[float, float, float], steps: int) -> Tensor:
    """About U V^T of a matrix U S V^T: its singular values come near 1 by Newton-Schulz steps a X + (b A + c A²) X, A = X X^T."""
    a, b, c = coefficients
    x = matrix.float()
    x = x / x.norm().clamp(min=1e-7)
    if tall := len(x) > x.shape[1]:
        x = x.T  # the smaller of X X^T and X^T X
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class MuonAdamW(Optimizer):
    """Two optimizers that step together, each with its own state; the parameter groups are those of both.

    Muon's matrices decay by `weight_decay`; what AdamW keeps does not.
    """

    def __init__(self, matrices: list[nn.Parameter], rest: list[nn.Parameter], *, lr: float, weight_decay: float) -> None:
        self._parts: list[Optimizer] = []
        if matrices:
            kind = Muon if multiplies_bfloat16(matrices[0].device, torch.cpu.get_capabilities()) else Float32Muon
            self._parts.append(kind(matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"))
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
