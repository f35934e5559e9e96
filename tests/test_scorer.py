"""The packed pass against the plain one, on the architectures people use. Models are tiny and random: the arithmetic is what counts."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3Config,
    GenerationConfig,
    GPT2Config,
    GraniteConfig,
    LlamaConfig,
    Phi3Config,
    Qwen2Config,
)

from gencls import decoding
from gencls.scorer import Scorer, edge_log_probabilities, plain_edge_log_probabilities
from gencls.trie import LabelTrie

LABELS = [[5, 6, 1], [5, 7, 1], [5, 1], [8, 9, 10, 1], [11, 1]]
"""Shared beginnings, and the third is the beginning of the first two but for its end token 1."""
SMALL = {"vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "pad_token_id": 0}
CONFIGS = {
    "llama": LlamaConfig(**SMALL, num_key_value_heads=2),
    "qwen2": Qwen2Config(**SMALL, num_key_value_heads=2),
    "phi3": Phi3Config(**SMALL, num_key_value_heads=4, max_position_embeddings=64, original_max_position_embeddings=64),
    "gpt2": GPT2Config(vocab_size=40, n_embd=32, n_layer=2, n_head=4, n_positions=64),
    "granite": GraniteConfig(**SMALL, logits_scaling=3.0),
}


def build(name: str, attention: str = "sdpa") -> torch.nn.Module:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(CONFIGS[name], attn_implementation=attention).eval()


def prompts(prefix: list[int]) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [[*prefix, *rng.integers(12, 40, size=n).tolist()] for n in (7, 1, 12, 3)]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("prefix", [[], [20, 21, 22, 23]], ids=["no prefix", "prefix"])
@pytest.mark.parametrize("name", CONFIGS)
def test_packed_scores_equal_one_sequence_per_label(name: str, prefix: list[int], attention: str) -> None:
    model, trie = build(name, attention), LabelTrie(LABELS)
    rows = prompts(prefix)
    with torch.no_grad():
        packed = edge_log_probabilities(model, [row[len(prefix) :] for row in rows], trie, prefix=prefix)
        plain = torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows])
    torch.testing.assert_close(packed, plain, atol=2e-5, rtol=0)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))])
@pytest.mark.parametrize("name", CONFIGS)
def test_scores_in_bfloat16_are_those_of_float32_to_its_precision(name: str, device: str) -> None:
    exact, trie, rows = build(name).to(device), LabelTrie(LABELS), prompts([20, 21, 22, 23])
    rounded = copy.deepcopy(exact).to(torch.bfloat16)
    expected, found = (Scorer(model, trie)(rows, [20, 21, 22, 23]) for model in (exact, rounded))
    np.testing.assert_allclose(found, expected, atol=0.05)


@pytest.mark.parametrize("name", CONFIGS)
def test_gradients_equal_those_of_one_sequence_per_label(name: str) -> None:
    model, trie, prefix = build(name), LabelTrie(LABELS), [20, 21, 22]
    rows = prompts(prefix)
    weights = torch.randn(len(rows), len(trie.edge_tokens), generator=torch.Generator().manual_seed(1))

    def gradient(scores: torch.Tensor) -> torch.Tensor:
        model.zero_grad()
        (scores * weights).sum().backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    packed = gradient(edge_log_probabilities(model, [row[len(prefix) :] for row in rows], trie, prefix=prefix))
    plain = gradient(torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows]))
    assert (packed - plain).norm() / plain.norm() < 1e-5


@pytest.mark.parametrize("batch_tokens", [1, 40, 10_000])
def test_scores_do_not_depend_on_the_batch(batch_tokens: int) -> None:
    model, trie, prefix = build("llama"), LabelTrie(LABELS), [20, 21]
    rows = prompts(prefix)
    scores = Scorer(model, trie, batch_tokens=batch_tokens)(rows, prefix)
    with torch.no_grad():
        plain = torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows])
    np.testing.assert_allclose(scores, plain.numpy(), atol=2e-5)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("name", ["llama", "granite"])  # a head that is read in pieces, and one whose logits come whole
def test_scores_do_not_depend_on_the_number_of_cores(threads: Callable[[int], None], count: int, name: str) -> None:
    model, trie, prefix = build(name), LabelTrie(LABELS), [20, 21]
    rows = prompts(prefix) * 7
    alone = [Scorer(model, trie).read([row], prefix) for row in rows]
    threads(count)
    scores = Scorer(model, trie, batch_tokens=200).read(rows, prefix)
    np.testing.assert_allclose(scores.edges, np.concatenate([one.edges for one in alone]), atol=2e-5)
    assert (scores.written == np.concatenate([one.written for one in alone])).all()


def test_a_prefix_is_read_once_for_many_calls_and_again_when_the_weights_have_changed() -> None:
    model, trie, read = build("llama"), LabelTrie(LABELS), []
    model.register_forward_pre_hook(lambda _, __, given: read.append(tuple(given["input_ids"].shape)), with_kwargs=True)
    scorer, prefix = Scorer(model, trie), [20, 21, 22, 23, 24, 25]

    def check(rows: list[list[int]], shared: list[int]) -> None:
        found = scorer(rows, shared)
        with torch.no_grad():
            plain = torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows])
        np.testing.assert_allclose(found, plain.numpy(), atol=2e-5)

    one = [*prefix, 26, 27, 28]
    check([one], one[:-1])
    check(prompts(prefix), prefix)  # what all prompts share is known from here on
    read.clear()
    for rows, shared in ([one], one[:-1]), (prompts(prefix), prefix), ([[9, 9]], []), ([one], one[:-1]):
        scorer(rows, shared)
    assert (1, len(prefix)) not in read
    with torch.no_grad():
        model.model.embed_tokens.weight.mul_(1.5)
    check(prompts(prefix), prefix)
    model.load_state_dict(build("llama").state_dict())
    check(prompts(prefix), prefix)
    assert read.count((1, len(prefix))) == 2


def written_freely(model: torch.nn.Module, rows: list[list[int]]) -> list[list[int]]:
    """What transformers' own greedy decoding writes, up to the end token 1."""
    width = max(map(len, rows))
    out = model.generate(
        input_ids=torch.tensor([[0] * (width - len(row)) + row for row in rows]),
        attention_mask=torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows]),
        generation_config=GenerationConfig(max_new_tokens=4, do_sample=False, pad_token_id=0, eos_token_id=1),
    )[:, width:].tolist()
    return [tokens[: tokens.index(1) + 1] if 1 in tokens else tokens for tokens in out]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("prefix", [[], [9, 10, 11]], ids=["no prefix", "prefix"])
@pytest.mark.parametrize("name", CONFIGS)
def test_the_scoring_pass_knows_what_free_generation_writes(name: str, prefix: list[int], attention: str) -> None:
    model, rng = outspoken(name, attention), np.random.default_rng(0)
    rows = [[*prefix, *rng.integers(2, 12, size=n).tolist()] for n in rng.integers(1, 9, size=300)]
    answers = written_freely(model, rows)
    ended = sorted({tuple(tokens) for tokens in answers if tokens[-1] == 1})
    labels = [list(tokens) for tokens in ended[::2]]  # of the others some leave the trie at once, some on their way down, some at the end
    expected = [labels.index(tokens) if tokens in labels else -1 for tokens in answers]
    assert len(labels) > 5 and expected.count(-1) > 50, "labels and answers outside should both occur, or this shows little"

    trie = LabelTrie(labels)
    scores = Scorer(model, trie, batch_tokens=400).read(rows, prefix)
    chosen = decoding.free(scores.written, trie)
    assert chosen.tolist() == expected
    assert (decoding.greedy(scores.edges, trie)[chosen >= 0] == chosen[chosen >= 0]).all()


def outspoken(name: str, attention: str) -> torch.nn.Module:
    """Twelve tokens, large random weights and a likely end token: greedy answers differ from row to row, and many of them end."""
    config = copy.deepcopy(CONFIGS[name])
    config.vocab_size, config.initializer_range = 12, 0.3
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()
    model.lm_head.weight.data[1] *= 4
    return model


@pytest.mark.parametrize("batch_tokens", [1, 40, 10_000])
def test_scores_with_gradients_do_not_depend_on_the_batch(batch_tokens: int) -> None:
    model, trie, prefix = build("llama"), LabelTrie(LABELS), [20, 21]
    rows = prompts(prefix)
    weights = torch.randn(len(rows), len(trie.edge_tokens), generator=torch.Generator().manual_seed(1))

    def gradient(scores: torch.Tensor) -> torch.Tensor:
        model.zero_grad()
        (scores * weights).sum().backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    scores = Scorer(model, trie, batch_tokens=batch_tokens).differentiable(rows, prefix)
    plain = torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows])
    torch.testing.assert_close(scores, plain, atol=2e-5, rtol=0)
    packed, one_by_one = gradient(scores), gradient(plain)
    assert (packed - one_by_one).norm() / one_by_one.norm() < 1e-5


def test_a_model_that_reads_pictures_too_is_scored_by_its_text_part() -> None:
    vision = {**SMALL, "hidden_size": 16, "image_size": 28, "patch_size": 14}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(Gemma3Config(text_config={**SMALL, "head_dim": 8}, vision_config=vision)).eval()
    trie, rows = LabelTrie(LABELS), prompts([20, 21])
    with torch.no_grad():
        plain = torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows])
    np.testing.assert_allclose(Scorer(model, trie)(rows, [20, 21]), plain.numpy(), atol=2e-5)


def loud(name: str) -> torch.nn.Module:
    """In bfloat16, with logits up to 30, as pretrained models have them: there its numbers stand 0.125 apart."""
    config = copy.deepcopy(CONFIGS[name])
    config.num_hidden_layers = 6
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        model.lm_head.weight.mul_(30 / model(torch.tensor(prompts([])[:1])).logits.abs().max())
    return model.to(torch.bfloat16)


@pytest.mark.parametrize("name", ["llama", "phi3"])
def test_rounding_to_bfloat16_alone_is_no_reason_to_fall_back(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for row in prompts([20, 21]):
        Scorer(loud(name), LabelTrie(LABELS))([row], [20, 21])
    assert "falling back" not in capsys.readouterr().err


def test_a_wrong_mask_is_found_out_in_bfloat16_too(capsys: pytest.CaptureFixture[str]) -> None:
    Scorer(IgnoresTheMask(loud("llama")).eval(), LabelTrie(LABELS))(prompts([]))
    assert "falling back to one sequence per label" in capsys.readouterr().err


class IgnoresTheMask(torch.nn.Module):
    """A model that attends causally whatever mask it is given, as some architectures with their own attention do."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.config, self.device, self.dtype = self.inner.config, self.inner.device, self.inner.dtype

    def forward(self, input_ids, attention_mask=None, position_ids=None, **kwargs):
        return self.inner(input_ids=input_ids, **kwargs)


def test_a_model_that_ignores_the_tree_mask_is_found_out_and_scored_the_plain_way(capsys: pytest.CaptureFixture[str]) -> None:
    model, trie = IgnoresTheMask(build("llama")).eval(), LabelTrie(LABELS)
    rows = prompts([])
    scores = Scorer(model, trie, batch_tokens=100).read(rows)
    with torch.no_grad():
        plain = torch.stack([plain_edge_log_probabilities(model.inner, row, trie) for row in rows])
    np.testing.assert_allclose(scores.edges, plain.numpy(), atol=1e-6)
    np.testing.assert_array_equal(scores.written, Scorer(model.inner, trie).read(rows).written)
    assert "falling back to one sequence per label" in capsys.readouterr().err
