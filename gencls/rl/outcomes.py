"""A closed label set as a space to draw from: its labels and, as one more outcome, leaving it.

What is missing of the labels' probabilities to 1 is the chance of leaving the set, whatever would have been written; it counts as one
token. So G samples of a prompt cost one forward pass, and expectation, KL and entropy are sums instead of estimates.

Legend of axes: P prompts, G samples of a prompt, T tokens of a sample, E edges, L labels.
"""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from gencls.trie import LabelTrie

NEARLY_ONE = -1e-7
"""Largest log-probability of all labels together: in float32 nothing finer can be told from 1."""


class Outcomes:
    """The label set plus "outside".

    Attributes:
        paths: (L + 1, T) edge numbers of each outcome, padded with 0; the last outcome is edge E, "outside".
        mask: (L + 1, T) 1 at tokens.
    """

    def __init__(self, trie: LabelTrie, device: torch.device) -> None:
        paths = [*trie.paths, [len(trie.edge_tokens)]]
        self.paths = pad_sequence([torch.tensor(path) for path in paths], batch_first=True).to(device)
        self.mask = pad_sequence([torch.ones(len(path)) for path in paths], batch_first=True).to(device)
        self._membership = torch.from_numpy(trie.membership).to(device)

    def log_probabilities(self, edges: Tensor) -> Tensor:
        """(P, E) → (P, L + 1), a distribution."""
        labels = edges @ self._membership
        inside = labels.logsumexp(dim=-1, keepdim=True).clamp(max=NEARLY_ONE)
        return torch.cat([labels, torch.log(-torch.expm1(inside))], dim=-1)

    def tokens(self, edges: Tensor, outcomes: Tensor, drawn_PG: Tensor) -> Tensor:
        """(P, G, T) log-probability of each token of the drawn outcomes; meaningless at padding."""
        extended = torch.cat([edges, outcomes[:, -1:]], dim=-1)
        paths = self.paths[drawn_PG]
        return extended.gather(1, paths.flatten(1)).view(paths.shape)


def draw(log_probabilities: Tensor, uniform_PG: Tensor) -> Tensor:
    """(P, G) outcome numbers, drawn exactly, each by the inverse distribution function at a number that is uniform in [0, 1)."""
    cumulated = log_probabilities.double().exp().cumsum(dim=-1)
    drawn = torch.searchsorted(cumulated, uniform_PG.double() * cumulated[:, -1:], right=True)
    return drawn.clamp(max=log_probabilities.shape[-1] - 1)


def expectation(log_probabilities: Tensor, values: Tensor) -> Tensor:
    """(P,) mean of values (P, L + 1) over the outcomes."""
    return (log_probabilities.exp() * values).sum(dim=-1)


def kl(log_probabilities: Tensor, reference: Tensor) -> Tensor:
    """(P,) KL divergence from the reference."""
    return expectation(log_probabilities, log_probabilities - reference)
