"""From the trie's edge log-probabilities to a label. No torch here; one scoring pass serves every function below.

Writing e for the edges on label c's path, T tokens long with the end token included:

    likelihood   argmax_c  sum_e log p(e)            the label's probability
    perplexity   argmax_c  (1/T) sum_e log p(e)      GenCLS++: lowest PPL(c) = exp(-mean); label tokens only
    pmi          argmax_c  sum_e log p(e | prompt) - sum_e log p(e | prompt of an empty text)
                 the pointwise mutual information of label and text (Holtzman et al. 2021, "Surface form competition"): what the text
                 adds to a label's likelihood, so that labels likely in themselves win nothing by it
    trie         from the root, the likeliest edge at each step: greedy decoding that cannot leave the label set
    generate     free greedy decoding: the trie's answer where the likeliest token of the whole vocabulary is an edge all the way, else none

Which tokens the paper's perplexity covers is unknown; label tokens with the end token is our reading. The mean favours long labels,
whose later tokens are almost certain.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from gencls.arrays import Floats, Ints
from gencls.trie import LabelTrie


def label_log_probabilities(edges: Floats, trie: LabelTrie) -> Floats:
    """(B, E) → (B, L) log p(label | prompt); the rest up to 1 is the chance of leaving the label set."""
    return edges @ trie.membership.astype(np.float64)


def probabilities(edges: Floats, trie: LabelTrie) -> Floats:
    """(B, E) → (B, L) probabilities within the label set; rows sum to 1."""
    inside: Floats = softmax(label_log_probabilities(edges, trie), axis=1)
    return inside


def likelihood(edges: Floats, trie: LabelTrie) -> Ints:
    """(B, E) → (B,) label numbers."""
    chosen: Ints = label_log_probabilities(edges, trie).argmax(axis=1)
    return chosen


def perplexity(edges: Floats, trie: LabelTrie) -> Ints:
    """(B, E) → (B,) label numbers."""
    chosen: Ints = (label_log_probabilities(edges, trie) / trie.lengths).argmax(axis=1)
    return chosen


def pmi(edges: Floats, empty: Floats, trie: LabelTrie) -> Ints:
    """(B, E), (1, E) → (B,) label numbers; `empty` are the scores of the prompt with an empty text and no examples of its own."""
    chosen: Ints = (label_log_probabilities(edges, trie) - label_log_probabilities(empty, trie)).argmax(axis=1)
    return chosen


def greedy(edges: Floats, trie: LabelTrie) -> Ints:
    """(B, E) → (B,) label numbers by walking down the trie."""
    at = np.zeros(len(edges), dtype=np.int64)
    for slot in range(len(trie.tokens) + 1):  # parents come before children, so one pass reaches every end
        here = np.flatnonzero(at == slot)
        children = trie.children(slot)
        at[here] = trie.edge_targets[children[edges[np.ix_(here, children)].argmax(axis=1)]]
    return -1 - at


def free(written: NDArray[np.bool_], trie: LabelTrie) -> Ints:
    """(B, E) `scorer.Scores.written` → (B,) label numbers, -1 where greedy generation with nothing to keep it inside leaves the label set.

    A label counts when it is written in its own tokens, end token included; other tokens that would spell it do not.
    """
    whole = written.astype(np.float32) @ trie.membership == trie.lengths  # of the edges that leave a slot at most one is written
    chosen: Ints = np.where(whole.any(axis=1), whole.argmax(axis=1), -1)
    return chosen


DECODINGS = {"trie": greedy, "likelihood": likelihood, "perplexity": perplexity}
"""Names in params.yaml (`grid.decoding`) of those that read the edges only; `pmi` also reads the empty prompt's, `generate` is `free`."""


def answers(decoder: str, trie: LabelTrie, *, edges: Floats, empty: Floats, written: NDArray[np.bool_]) -> Ints:
    """(B,) label numbers under any decoding, -1 outside the label set; what it does not read of the three is not looked at."""
    if decoder == "generate":
        return free(written, trie)
    if decoder == "pmi":
        return pmi(edges, empty, trie)
    return DECODINGS[decoder](edges, trie)
