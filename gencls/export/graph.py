"""Prompt and label trie as one torch module whose graph needs nothing but token ids: what gencls/scorer.py packs outside the model
(places, tree mask) is computed inside, with the trie as constants.

Legend of axes: B prompts, T tokens of the longest, N nodes, E edges, L labels.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gencls.trie import LabelTrie


@dataclass(frozen=True)
class Answer:
    """How scores become an answer; the number -1 stands for none."""

    decoding: str
    temperature: float
    empty: Tensor
    """(L,) log p(label | prompt of an empty text), for `pmi`."""


class TrieGraph(torch.nn.Module):
    """input_ids (B, T), padded on the left, and lengths (B,) → edges (B, E), probabilities (B, L) after the temperature, answers (B,).

    Args:
        model: a causal language model with eager attention, float32.
        labels: how many of the trie's a row can truly have: Uncertain, the last, has no probability.
    """

    trie_tokens: Tensor
    trie_depths: Tensor
    trie_ancestors: Tensor
    trie_slots: Tensor
    trie_edge_tokens: Tensor
    trie_membership: Tensor
    trie_lengths: Tensor
    empty: Tensor

    def __init__(self, model: Any, trie: LabelTrie, *, labels: int, answer: Answer) -> None:
        super().__init__()
        self.model, self.labels, self.decoding, self.temperature = model, labels, answer.decoding, answer.temperature
        self.slot_count = len(trie.tokens) + 1
        constants = {
            "tokens": trie.tokens,
            "depths": trie.depths,
            "ancestors": trie.ancestors,
            "slots": trie.edge_slots,
            "edge_tokens": trie.edge_tokens,
            "membership": trie.membership,
            "lengths": trie.lengths,
        }
        for name, array in constants.items():
            self.register_buffer(f"trie_{name}", torch.from_numpy(array))
        self.register_buffer("empty", answer.empty)

    def forward(self, input_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One pass of the model."""
        rows, longest = input_ids.shape
        column = torch.arange(longest, device=input_ids.device)
        start = (longest - lengths)[:, None]
        places = torch.cat([(column - start).clamp(min=0), lengths[:, None] + self.trie_depths], dim=1)
        logits = self.model(
            input_ids=torch.cat([input_ids, self.trie_tokens.expand(rows, self.slot_count - 1)], dim=1),
            attention_mask=self._mask(column, column >= start),
            position_ids=places,
            use_cache=False,
            logits_to_keep=self.slot_count,
        ).logits
        at_edges = logits[:, self.trie_slots, self.trie_edge_tokens]
        edges = at_edges - logits.logsumexp(dim=-1)[:, self.trie_slots]
        labels = edges @ self.trie_membership
        probabilities = (labels[:, : self.labels] / self.temperature).softmax(dim=-1)
        written = at_edges >= logits.amax(dim=-1)[:, self.trie_slots]
        return edges, probabilities, self._answers(edges, labels, written)

    def _mask(self, column: Tensor, real: Tensor) -> Tensor:
        """(B, 1, T + N, T + N), 0 where attended: gencls/scorer.py says who sees what."""
        rows, longest = real.shape
        nodes = self.slot_count - 1
        seen = real[:, None, :].expand(rows, longest, longest)
        prompt = ((column[:, None] >= column) & seen) | (column[:, None] == column)  # padding must see something, or softmax gives nan
        above = torch.cat([prompt, prompt.new_zeros(1).expand(rows, longest, nodes)], dim=2)
        below = torch.cat([real[:, None, :].expand(rows, nodes, longest), self.trie_ancestors.expand(rows, nodes, nodes)], dim=2)
        attended = torch.cat([above, below], dim=1)[:, None]
        return torch.where(attended, 0.0, torch.finfo(torch.float32).min)

    def _answers(self, edges: Tensor, labels: Tensor, written: Tensor) -> Tensor:
        """Of gencls/decoding.py: argmax where a score per label decides, else the label all of whose edges are taken."""
        if self.decoding == "likelihood":
            return labels.argmax(dim=-1)
        if self.decoding == "perplexity":
            return (labels / self.trie_lengths).argmax(dim=-1)
        if self.decoding == "pmi":
            return (labels - self.empty).argmax(dim=-1)
        if self.decoding not in ("generate", "trie"):
            raise ValueError(f"decoding {self.decoding!r} has no graph")
        taken = written if self.decoding == "generate" else self._likeliest(edges)
        whole = (taken.float() @ self.trie_membership) == self.trie_lengths
        return torch.where(whole.any(dim=-1), whole.float().argmax(dim=-1), -1)

    def _likeliest(self, edges: Tensor) -> Tensor:
        """(B, E) where no other edge of the same slot is likelier."""
        siblings = self.trie_slots[:, None] == self.trie_slots
        return edges >= torch.where(siblings, edges[:, None, :], -torch.inf).amax(dim=-1)
