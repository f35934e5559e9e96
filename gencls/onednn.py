"""Linear layers multiplied by oneDNN, where torch would take MKL and MKL half of what the processor can do.

torch hands float32 products to MKL, which gives AMD's processors its AVX2 kernels. From Zen 5 on these have twice as wide AVX-512 units,
and the oneDNN that torch carries is about twice as fast at the shapes of a decoder, forward and backward. Zen 4 takes two turns for an
AVX-512 instruction: there both are equally fast, and oneDNN, which makes a kernel for each new shape, loses (a step of the builtin base:
0.83 to 0.97 times as fast). So elsewhere nothing changes here: not on older or Intel's processors, not on a GPU, not in other dtypes.

Legend of axes: I inputs of a layer, O outputs.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

LEAST = 2**23
"""Multiplications of a product that is worth it: oneDNN makes a kernel for each new shape, which takes about a millisecond."""

ZEN_5 = 26
"""Number of the processor family: 25 is Zen 3 and 4."""

KERNELS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32", "LRU_CACHE_CAPACITY": "32"}
"""How many kernels oneDNN keeps, and torch's cache above it: of 1024, by default. Each holds about a megabyte, and as hardly two batches
have one shape, hardly one is used again: a training run would grow to ten gigabytes. Both are read when the first kernel is made.
"""


def faster(network: Any) -> Any:
    """The same network; its plain linear layers are `OneDnnLinear` from now on, where that is faster. Weights and their names stay."""
    if _mkl_is_slow():
        for name, kernels in KERNELS.items():
            os.environ.setdefault(name, kernels)
        for module in network.modules():
            if type(module) is nn.Linear:
                module.__class__ = OneDnnLinear
    return network


@cache
def _mkl_is_slow() -> bool:
    both: bool = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return both and torch.backends.cpu.get_cpu_capability() == "AVX512" and _is_zen5(Path("/proc/cpuinfo"))


def _is_zen5(processor: Path) -> bool:
    """Whether Linux says that this is a processor of AMD, of Zen 5's family or a later one."""
    said = processor.read_text(encoding="utf-8") if processor.exists() else ""
    family = re.search(r"^cpu family\s*: (\d+)$", said, flags=re.MULTILINE)
    return "AuthenticAMD" in said and family is not None and int(family[1]) >= ZEN_5


class OneDnnLinear(nn.Linear):
    """A linear layer that computes in oneDNN what is float32 and on the CPU."""

    def forward(self, input: Tensor) -> Tensor:
        """(…, I) → (…, O)."""
        if torch.compiler.is_exporting() or input.dtype != torch.float32 or not input.is_cpu or input.numel() * self.out_features < LEAST:
            return super().forward(input)  # an exported graph is for other runtimes, which do not know the operator
        product: Tensor = _Product.apply(input, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return product


class _Product(Function):
    """x W^T + b; autograd does not know the operator that computes it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _times(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        to_x, to_weight, to_bias = ctx.needs_input_grad
        rows = gradient.flatten(0, -2)
        return (
            _times(gradient, weight.t()) if to_x else None,
            _times(rows.t(), x.flatten(0, -2).t()) if to_weight else None,
            rows.sum(dim=0) if to_bias else None,
        )


def _times(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product
