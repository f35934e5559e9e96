"""The head by itself, in pieces, against the logits of the whole model."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GraniteConfig, LlamaConfig

from gencls import lm_head
from gencls.lm_head import in_pieces, last_module, stopped_before
from gencls.scorer import Scorer, plain_edge_log_probabilities
from gencls.trie import LabelTrie

SMALL = {"vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "pad_token_id": 0}
CONFIGS = {"llama": LlamaConfig(**SMALL), "granite": GraniteConfig(**SMALL, logits_scaling=3.0)}
"""Granite divides its logits after the head."""


def build(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(CONFIGS[name]).eval()


@pytest.mark.parametrize("columns", [1, 3, 100])
@torch.inference_mode()
def test_pieces_of_any_size_make_the_logits_of_the_model(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = build("llama"), torch.arange(2, 16).view(2, 7)
    monkeypatch.setitem(lm_head.PIECE_BYTES, "cpu", columns * 4 * 40 * len(ids))
    head = last_module(model, 5)
    pieces = list(in_pieces(head, stopped_before(head, lambda: model(input_ids=ids)), 40))
    assert [start for start, _ in pieces] == list(range(0, 7, columns))
    torch.testing.assert_close(torch.cat([logits for _, logits in pieces], dim=1), model(input_ids=ids).logits)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_a_model_does_to_its_logits_after_the_head_is_in_its_scores(name: str) -> None:
    model, trie, rows = build(name), LabelTrie([[5, 6, 1], [5, 1], [8, 9, 1]]), [[12, 13, 14], [15]]
    assert (last_module(model, 5) is None) == (name == "granite")
    with torch.no_grad():
        plain = torch.stack([plain_edge_log_probabilities(model, row, trie) for row in rows])
    np.testing.assert_allclose(Scorer(model, trie)(rows), plain.numpy(), atol=2e-5)
