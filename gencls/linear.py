"""Linear layers multiplied by oneDNN, where torch would take MKL and MKL half of what the processor can do.

torch hands float32 products to MKL, which gives processors of other makers than Intel its AVX2 kernels. On those with AVX-512 the oneDNN
that torch carries is about twice as fast at the shapes of a decoder, forward and backward.
Elsewhere nothing changes here: not on Intel's processors, not on a GPU, not in other dtypes.

Legend of axes: I inputs of a layer, O outputs.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

LEAST = 2**23
"""Multiplications of a product that is worth it: oneDNN makes a kernel for each new shape, which takes about a millisecond."""

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
    processor = Path("/proc/cpuinfo")
    both: bool = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return both and wide and processor.exists() and "GenuineIntel" not in processor.read_text(encoding="utf-8")


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
