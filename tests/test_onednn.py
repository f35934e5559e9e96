"""Products by oneDNN against torch's own, whichever of the two is the faster here."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, Qwen2Config

from gencls.onednn import LEAST, OneDnnLinear, _is_zen5, faster


def pair(inputs: int, outputs: int, *, bias: bool) -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(0)
    plain = nn.Linear(inputs, outputs, bias=bias)
    ours = copy.deepcopy(plain)
    ours.__class__ = OneDnnLinear
    return plain, ours


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(600, 96), (4, 150, 96)])
def test_products_and_gradients_are_those_of_torch(shape: tuple[int, ...], bias: bool) -> None:
    plain, ours = pair(96, 160, bias=bias)
    assert LEAST < 600 * 96 * 160, "smaller products are torch's own"
    found = []
    for layer in (plain, ours):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1), requires_grad=True)
        y = layer(x)
        (y * torch.randn(y.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
        found.append([y.detach(), x.grad, *(parameter.grad for parameter in layer.parameters())])
    for theirs, own in zip(*found, strict=True):
        assert (theirs - own).norm() / theirs.norm() < 1e-6


@pytest.mark.parametrize("rows", [1, 600])
def test_a_slice_of_a_longer_tensor_is_read_where_it_lies(rows: int) -> None:
    plain, ours = pair(96, 160, bias=False)
    x = torch.randn(rows, 3, 96)[:, 1:]
    torch.testing.assert_close(plain(x), ours(x))


def test_other_dtypes_are_left_to_torch() -> None:
    plain, ours = pair(96, 160, bias=True)
    x = torch.randn(600, 96, dtype=torch.bfloat16)
    torch.testing.assert_close(plain.bfloat16()(x), ours.bfloat16()(x), rtol=0, atol=0)


def test_a_model_keeps_its_weights_and_what_it_says() -> None:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=500, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96
    )
    plain = AutoModelForCausalLM.from_config(config).eval()
    ours = faster(copy.deepcopy(plain))
    ids = torch.randint(0, 500, (4, 100), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(plain(ids).logits, ours(ids).logits, rtol=0, atol=1e-5)
    assert list(plain.state_dict()) == list(ours.state_dict())


@pytest.mark.parametrize(
    ("vendor", "family", "expected"), [("AuthenticAMD", 26, True), ("AuthenticAMD", 25, False), ("GenuineIntel", 26, False)]
)
def test_only_processors_whose_wide_units_mkl_leaves_idle_get_other_products(
    tmp_path: Path, vendor: str, family: int, expected: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: 17\n")
    assert _is_zen5(tmp_path / "cpuinfo") is expected
    assert not _is_zen5(tmp_path / "nowhere")


GROWTH = """
import resource, torch
from torch import nn
from gencls.onednn import faster
net = faster(nn.Sequential(nn.Linear(192, 576), nn.Linear(576, 192)))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def steps(lengths):
    for length in lengths:
        net(torch.randn(length, 192, requires_grad=True)).sum().backward()
steps([1500] * 3)
before = peak()
steps(range(1100, 1500, 4))
print(peak() - before)
"""


def test_batches_of_a_hundred_shapes_do_not_make_memory_grow() -> None:
    """In a process of its own, as the size of the kernels' caches is read once."""
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 150, "MiB; with the caches as they come it is several hundred"
