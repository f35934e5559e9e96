"""The scorer: log-probabilities of every label of a trie, one reading of a prompt and one pass over the trie, differentiable.

    keys    [ shared prefix | rest of the prompt but its last token, padding | last token | trie nodes ]
    read    the prefix once for a batch, the rests once for their rows: causal, and no further than their keys and values
    pass    the last token and the nodes: what the labels are predicted from
    mask    a node sees the prompt and the nodes above it, never its siblings
    places  a node's position is the prompt's length plus its depth

The shared prefix (instruction, label list, definitions) is computed once and its keys and values are repeated. Rests are padded on the
right, where no causal query looks, so that they need no mask of their own. The same pass serves decoding, calibration, uncertainty
mining and, with gradients, RL. Free greedy generation needs no loop either: the pass sees at every node whether the likeliest token of
the whole vocabulary leads to a label, so it knows which label would be written, or that none would. It relies on the model honouring a
4-D mask and explicit positions; `_verify` checks that against the plain way, one sequence per label, before a model is first used.
Where no gradients are wanted the head runs by itself, in pieces (gencls/lm_head.py): with a large vocabulary the logits of a batch are
gigabytes, and of each slot only its edges and a sum are read.

Legend of axes: B rows, P prefix tokens, R tokens of the longest rest, N nodes, S slots (N + 1), E edges, V vocabulary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Module
from torch.utils.checkpoint import checkpoint

from gencls.cores import cores, spread
from gencls.kv_cache import Beginning, KeysAndValues, prefix_cache, repeated
from gencls.lm_head import in_pieces, last_module, stopped_before
from gencls.progress import Ticker, say
from gencls.trie import LabelTrie

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1}
"""Largest difference of a log-probability between the packed and the plain way; float32 gives about 1e-5."""
ROUNDINGS = 2
"""More than that may differ what two logits were rounded to: in bfloat16 those of 16 to 32 stand 0.125 apart."""
VERIFIED = 4
"""Labels that are scored both ways before a model is first used."""
LOGIT_BYTES = 2**28
"""Memory that logits may take where they come whole: with a large vocabulary they, not the tokens, bound the batch."""
LEAST_TOKENS = 512
"""A batch smaller than this takes a core longer to begin than to compute."""


def edge_log_probabilities(
    model: Any, rows: Sequence[Sequence[int]], trie: LabelTrie, *, prefix: Sequence[int] = (), cache: KeysAndValues | None = None
) -> Tensor:
    """(B, E) log p(edge's token | prompt, tokens above it), float32.

    Args:
        rows: prompts without the shared prefix, each at least one token.
        prefix: token ids that all prompts start with.
        cache: their keys and values (`prefix_cache`), computed here where not given; left unchanged.
    """
    logits = _logits(model, rows, trie, prefix, cache).float()
    slots, tokens = _on(logits.device, trie.edge_slots, trie.edge_tokens)
    edges: Tensor = logits[:, slots, tokens] - logits.logsumexp(dim=-1)[:, slots]
    return edges


def _logits(model: Any, rows: Sequence[Sequence[int]], trie: LabelTrie, prefix: Sequence[int], cache: KeysAndValues | None) -> Tensor:
    """(B, S, V) at the slots of the trie: the prompt's end and the nodes."""
    past = repeated(cache if cache is not None else prefix_cache(model, prefix), len(rows))
    longest = max(map(len, rows)) - 1
    if longest:
        past.fill(model, torch.tensor([[*row[:-1], *[0] * (longest + 1 - len(row))] for row in rows], device=model.device))
    lengths = torch.tensor([len(row) - 1 for row in rows], device=model.device)
    nodes, depths, tree = _on(model.device, trie.tokens, trie.depths, trie.ancestors)
    last = torch.tensor([row[-1] for row in rows], device=model.device)
    logits: Tensor = model(
        input_ids=torch.cat([last[:, None], nodes.expand(len(rows), -1)], dim=1),
        attention_mask=_mask(lengths, tree, len(prefix), longest, model.dtype),
        position_ids=len(prefix) + lengths[:, None] + torch.cat([depths.new_zeros(1), depths + 1]),
        past_key_values=past,
        use_cache=True,
    ).logits
    return logits


def _mask(lengths: Tensor, tree: Tensor, prefix: int, longest: int, dtype: torch.dtype) -> Tensor:
    """(B, 1, S, P + R - 1 + S), 0 where attended, else the lowest number: the form that both SDPA and eager attention take.

    Args:
        lengths: (B,) tokens of each rest but the last.
        tree: (N, N) bool, what a node sees of the nodes; all see the last token, which sees none of them.
    """
    rows, slots = len(lengths), len(tree) + 1
    seen = torch.zeros((rows, slots, prefix + longest + slots), dtype=torch.bool, device=tree.device)
    seen[:, :, :prefix] = True
    seen[:, :, prefix : prefix + longest] = (torch.arange(longest, device=tree.device) < lengths[:, None])[:, None]
    seen[:, :, prefix + longest] = True
    seen[:, 1:, prefix + longest + 1 :] = tree
    return torch.zeros(seen.shape, dtype=dtype, device=tree.device).masked_fill_(~seen, torch.finfo(dtype).min)[:, None]


def _on(device: torch.device, *arrays: NDArray[Any]) -> list[Tensor]:
    return [torch.from_numpy(array).to(device) for array in arrays]


@dataclass(frozen=True)
class Scores:
    """What one pass tells about B rows.

    Attributes:
        edges: (B, E) log p(edge's token | prompt, tokens above it).
        written: (B, E) where that token is the likeliest of the whole vocabulary, so that greedy generation which nothing keeps inside
            the label set writes it, once it is there.
    """

    edges: NDArray[np.float64]
    written: NDArray[np.bool_]


def _read(pieces: Iterable[tuple[int, Tensor]], trie: LabelTrie) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Edges and written edges, (B, E) each, from logits (B, slots, V) of the slots in turn, each piece with the number of its first."""
    order = np.argsort(trie.edge_slots, kind="stable")
    slots, tokens = trie.edge_slots[order], trie.edge_tokens[order]
    edges, written = [], []
    for start, logits in pieces:
        here = slice(*np.searchsorted(slots, [start, start + logits.shape[1]]))
        slot, token = _on(logits.device, slots[here] - start, tokens[here])
        if logits.dtype == torch.float32:  # argmax takes five times as long on a CPU; of fewer bits, two tokens may share the highest
            likeliest = logits[:, slot, token] == logits.amax(dim=-1)[:, slot]
        else:
            likeliest = logits.argmax(dim=-1)[:, slot] == token
        written.append(likeliest.cpu().numpy())
        edges.append(logits.float().log_softmax(dim=-1)[:, slot, token].cpu().numpy())
    back = np.argsort(order)
    return np.concatenate(edges, axis=1)[:, back], np.concatenate(written, axis=1)[:, back]


def plain_edge_log_probabilities(model: Any, prompt: Sequence[int], trie: LabelTrie) -> Tensor:
    """(E,) the textbook way for one prompt: a whole sequence per label, a causal mask, all logits."""
    return _of_edges(_plain_logits(model, prompt, trie), trie)


def _of_edges(logits: Tensor, trie: LabelTrie) -> Tensor:
    """(E,) from (S, V)."""
    slots, tokens = _on(logits.device, trie.edge_slots, trie.edge_tokens)
    return logits.log_softmax(dim=-1)[slots, tokens]


def _plain_logits(model: Any, prompt: Sequence[int], trie: LabelTrie) -> Tensor:
    """(N + 1, V) float32."""
    slots: dict[int, Tensor] = {}
    for label, path in enumerate(trie.paths):
        ids = torch.tensor([[*prompt, *trie.sequence(label)[:-1]]], device=model.device)
        logits = model(input_ids=ids).logits[0, len(prompt) - 1 :].float()
        slots |= dict(zip(trie.edge_slots[path].tolist(), logits, strict=True))
    return torch.stack([slots[slot] for slot in range(len(trie.tokens) + 1)])


@dataclass(frozen=True)
class Way:
    """How a model can be scored.

    Attributes:
        packed: in the one pass; else one sequence per label.
        head: its last module, where the logits are its output.
    """

    packed: bool
    head: Module | None


_WAYS: "WeakKeyDictionary[Any, Way]" = WeakKeyDictionary()
"""Of each model that was scored: what it makes of masks and positions hangs neither on its weights nor on the labels."""


class Scorer:
    """Scores many prompts: sorts them by length, packs batches by tokens, gives the scores back in order.

    Args:
        model: a causal language model, put into eval mode here.
        trie: the label set.
        batch_tokens: tokens in one batch, padding and nodes included; changes speed only.
    """

    def __init__(self, model: Any, trie: LabelTrie, *, batch_tokens: int = 8192) -> None:
        self._model, self._trie, self._batch_tokens = model.eval(), trie, batch_tokens
        self._beginning, self._vocabulary = Beginning(model), model.config.get_text_config().vocab_size

    def __call__(self, prompts: Sequence[Sequence[int]], prefix: Sequence[int] = ()) -> NDArray[np.float64]:
        """(rows, E) edge log-probabilities of whole prompts that all start with `prefix`."""
        return self.read(prompts, prefix).edges

    def read(self, prompts: Sequence[Sequence[int]], prefix: Sequence[int] = ()) -> Scores:
        """The same with what free greedy generation would write (`decoding.free`), at no further pass."""
        edges = np.empty((len(prompts), len(self._trie.edge_tokens)))
        written = np.empty(edges.shape, dtype=bool)
        with torch.inference_mode():
            way = self._way(prompts[0], prefix)
            prefix, cache = self._beginning(prefix) if way.packed else (prefix, None)
        rows = [prompt[len(prefix) :] for prompt in prompts]

        def read(batch: list[int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
            return _read(self._pieces(way, [rows[i] for i in batch], prefix, cache), self._trie)

        device = self._model.device
        batches = self._batches([len(row) for row in rows], len(prefix), whole=way.head is None, at_once=cores(device))
        ticker, done = Ticker("scored", len(rows)), 0
        for batch, found in zip(batches, spread(read, batches, device), strict=True):
            edges[batch], written[batch] = found
            done += len(batch)
            ticker.at(done)
        return Scores(edges, written)

    def _pieces(
        self, way: Way, rows: Sequence[Sequence[int]], prefix: Sequence[int], cache: KeysAndValues | None
    ) -> Iterable[tuple[int, Tensor]]:
        """Logits of all slots, for `_read`."""
        if not way.packed:
            return [(0, torch.stack([_plain_logits(self._model, [*prefix, *row], self._trie) for row in rows]))]
        if way.head is None:
            return [(0, _logits(self._model, rows, self._trie, prefix, cache))]
        states = stopped_before(way.head, lambda: _logits(self._model, rows, self._trie, prefix, cache))
        return in_pieces(way.head, states, self._vocabulary)

    def _batches(self, lengths: Sequence[int], prefix: int, *, whole: bool = True, at_once: int = 1) -> list[list[int]]:
        """Row numbers per batch, longest rows first, so that memory peaks at once.

        Args:
            whole: so few rows that their logits fit as well.
            at_once: batches that share the memory, and the rows, unless these are too few.
        """
        nodes = len(self._trie.tokens)
        least, share = min(LEAST_TOKENS, self._batch_tokens), -(-len(lengths) // at_once)
        most = max(least, self._batch_tokens // at_once)
        by_logits = max(1, LOGIT_BYTES // (4 * (nodes + 1) * self._vocabulary * at_once)) if whole else len(lengths)

        def fits(rows: int, tokens: int) -> bool:
            return rows <= by_logits and (tokens <= least or (tokens <= most and rows <= share))

        batches: list[list[int]] = []
        for row in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
            rows = len(batches[-1]) + 1 if batches else 0
            if rows and fits(rows, rows * (lengths[batches[-1][0]] + nodes + prefix)):
                batches[-1].append(row)
            else:
                batches.append([row])
        return batches

    def differentiable(self, prompts: Sequence[Sequence[int]], prefix: Sequence[int] = ()) -> Tensor:
        """(rows, E) as a tensor, with gradients where they are on.

        Where the rows take several batches, a batch is computed again in the backward pass instead of being kept: memory is bounded as in
        scoring, for about a third more time, and the result is the same.
        """
        self._model.eval()  # dropout would make the policy that is scored another one than the policy that answers
        rows = [prompt[len(prefix) :] for prompt in prompts]
        with torch.no_grad():
            way = self._way(prompts[0], prefix)
        cache = prefix_cache(self._model, prefix) if way.packed else None

        def score(batch: list[int]) -> Tensor:
            if cache is not None:
                return edge_log_probabilities(self._model, [rows[i] for i in batch], self._trie, prefix=prefix, cache=cache)
            return torch.stack([plain_edge_log_probabilities(self._model, prompts[i], self._trie) for i in batch])

        batches = self._batches([len(row) for row in rows], len(prefix))
        again = torch.is_grad_enabled() and len(batches) > 1
        parts = [checkpoint(score, batch, use_reentrant=False, preserve_rng_state=False) if again else score(batch) for batch in batches]
        return torch.cat(parts)[np.argsort(np.concatenate(batches))]

    def _way(self, prompt: Sequence[int], prefix: Sequence[int]) -> Way:
        """The model's, found out on this prompt where it is not known."""
        if self._model not in _WAYS:
            packed = self._verify(prompt, prefix)
            _WAYS[self._model] = Way(packed, last_module(self._model, prompt[-1]) if packed else None)
        return _WAYS[self._model]

    def _verify(self, prompt: Sequence[int], prefix: Sequence[int]) -> bool:
        """Whether the packed pass agrees with the plain one; loud where it does not.

        Looked at are the longest labels after a first row that has a padded neighbour: what a model makes of the mask and of the positions
        does not hang on which tokens a label has.
        """
        rows = [prompt[len(prefix) :], prompt[len(prefix) :][-1:]]
        packed = edge_log_probabilities(self._model, rows, self._trie, prefix=prefix)[0]
        longest = np.argsort(-self._trie.lengths, kind="stable")[:VERIFIED]
        few = LabelTrie([self._trie.sequence(label) for label in longest])
        edges = np.concatenate([self._trie.paths[label] for label in longest])
        same = np.concatenate(few.paths)
        logits = _plain_logits(self._model, prompt, few)
        difference = (packed[edges] - _of_edges(logits, few)[same]).abs().max().item()
        tolerance = max(TOLERANCE[self._model.dtype], ROUNDINGS * torch.finfo(self._model.dtype).eps * logits.abs().max().item())
        if difference <= tolerance:
            return True
        say(
            f"WARNING: {type(self._model).__name__} scores labels differently with a tree mask "
            f"(by {difference:.2g}, allowed {tolerance:.2g}); falling back to one sequence per label, which is slower and exact"
        )
        return False
