"""Muon inside, AdamW outside: which weight is whose, that it is both optimizers' own arithmetic, and that a state goes on."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import AdamW, Muon
from torch.optim.lr_scheduler import LambdaLR
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

from gencls.optimizer import Float32Muon, MuonAdamW, multiplies_bfloat16, optimizer, orthogonal
from gencls.params import Sft

SFT = Sft(lr=1e-2, weight_decay=0.1)


def tiny(kind: Any = LlamaForCausalLM, **options: Any) -> Any:
    torch.manual_seed(3)
    config = {"vocab_size": 48, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    return kind(LlamaConfig(**config, **options))


def stepped(network: nn.Module, *optimizers: torch.optim.Optimizer, steps: int = 3) -> None:
    for step in range(steps):
        torch.manual_seed(step)
        for weight in network.parameters():
            weight.grad = torch.randn_like(weight)
        for each in optimizers:
            each.step()


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize(
    ("kind", "options"),
    [(LlamaForCausalLM, {"tie_word_embeddings": True}), (LlamaForCausalLM, {}), (LlamaForSequenceClassification, {"pad_token_id": 0})],
)
def test_muon_has_the_matrices_between_hidden_states_and_nothing_else(kind: Any, options: dict[str, Any]) -> None:
    network = tiny(kind, **options)
    both = optimizer(network, SFT)
    assert isinstance(both, MuonAdamW)
    names = {id(weight): name for name, weight in network.named_parameters()}
    matrices, rest = ([names[id(weight)] for weight in group["params"]] for group in both.param_groups)
    assert sorted(matrices + rest) == sorted(names.values())
    assert all(".layers." in name and name.endswith("proj.weight") for name in matrices)
    assert len(matrices) == 2 * 7


def test_a_frozen_weight_is_left_alone() -> None:
    network = tiny()
    network.model.layers[0].requires_grad_(False)
    both = optimizer(network, SFT)
    assert both is not None
    frozen = {id(weight) for weight in network.model.layers[0].parameters()}
    assert not frozen & {id(weight) for group in both.param_groups for weight in group["params"]}


def test_its_steps_are_those_of_muon_and_adamw() -> None:
    ours, plain = tiny(), tiny()
    inside = [weight for name, weight in plain.named_parameters() if "proj" in name]
    outside = [weight for name, weight in plain.named_parameters() if "proj" not in name]
    both = optimizer(ours, SFT)
    assert both is not None
    stepped(ours, both)
    muon = Muon if multiplies_bfloat16(torch.device("cpu"), torch.cpu.get_capabilities()) else Float32Muon
    stepped(plain, muon(inside, lr=1e-2, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"), AdamW(outside, lr=1e-2, weight_decay=0.0))
    assert same(ours, plain)


def test_its_steps_in_float32_are_those_of_torch_up_to_the_rounding_of_bfloat16() -> None:
    start, ours, plain = tiny(), tiny(), tiny()
    options = {"lr": 1e-2, "weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}
    for network, kind in ((ours, Float32Muon), (plain, Muon)):
        stepped(network, kind([weight for name, weight in network.named_parameters() if "proj" in name], **options))
    for (name, at_first), own, other in zip(start.named_parameters(), ours.parameters(), plain.parameters(), strict=True):
        assert torch.equal(at_first, own) == ("proj" not in name)
        assert (own - other).norm() <= 0.02 * (own - at_first).norm()


@pytest.mark.parametrize("shape", [(24, 16), (16, 24), (16, 16)])
def test_an_orthogonalised_matrix_keeps_its_directions_and_has_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    found = torch.diagonal(left.T @ orthogonal(matrix, (3.4445, -4.775, 2.0315), 5) @ right.T)
    assert (found[values > 0.1 * values.max()] - 1).abs().max() < 0.35
    torch.testing.assert_close(left @ torch.diag(found) @ right, orthogonal(matrix, (3.4445, -4.775, 2.0315), 5), atol=1e-4, rtol=0)


def test_bfloat16_is_used_where_the_hardware_has_it() -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    laptop, server = {"avx2": True, "avx512_bf16": False, "amx_bf16": False}, {"avx2": True, "avx512_bf16": True}
    assert not multiplies_bfloat16(cpu, laptop) and multiplies_bfloat16(cpu, server) and multiplies_bfloat16(gpu, laptop)


def test_a_schedule_moves_the_rate_of_both_and_a_loaded_state_goes_on() -> None:
    one, other = tiny(), tiny()
    first, second = optimizer(one, SFT), optimizer(other, SFT)
    assert first is not None and second is not None
    stepped(one, first, steps=2)
    other.load_state_dict(one.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for each in (first, second):
        LambdaLR(each, lambda _: 0.5)
        assert [group["lr"] for group in each.param_groups] == [5e-3, 5e-3]
    stepped(one, first)
    stepped(other, second)
    assert same(one, other)


def test_adamw_alone_is_left_to_the_trainer() -> None:
    assert optimizer(tiny(), SFT.model_copy(update={"optimizer": "adamw"})) is None
