"""A trained model under one inference strategy: prompts in, answers under every decoding out.

One scoring pass per prompt serves all decodings. Which labels may be written, and how, is the inference strategy's
matter (`prompts.json`), not the model's: a model trained on names can be asked for numbers. Answers are label names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gencls import decoding
from gencls.labels import UNCERTAIN
from gencls.prompts import Prompt
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer, Scores

Floats = NDArray[np.float64]
Answers = list[str | None]
"""Label names; None outside the label set."""


@dataclass(frozen=True)
class Scored:
    """What a model thinks of some rows.

    Attributes:
        scores: of the N prompts.
        empty: of one, the prompt of an empty text.
        rows: the prompts as token ids.
    """

    scheme: LabelScheme
    scores: Scores
    empty: Scores
    rows: Rows

    @property
    def labels(self) -> list[str]:
        """Names of the labels that a row can truly have: without Uncertain."""
        return [label for label in self.scheme.labels if label != UNCERTAIN]

    @cached_property
    def log_probabilities(self) -> Floats:
        """(N, L) log p(label | prompt), Uncertain left out."""
        return decoding.label_log_probabilities(self.scores.edges, self.scheme.trie)[:, : len(self.labels)]

    @cached_property
    def probabilities(self) -> Floats:
        """(N, L) probabilities within the label set, Uncertain left out; rows sum to 1."""
        return decoding.normalise(self.log_probabilities)

    @property
    def outside(self) -> float:
        """Mean probability that free generation leaves the label set."""
        return float(decoding.outside(self.scores.edges, self.scheme.trie).mean())

    def answers(self, decoder: str) -> Answers:
        """Label names under a decoding (`grid.decoding`), Uncertain among them where it is offered; None outside the label set."""
        trie, edges = self.scheme.trie, self.scores.edges
        if decoder == "generate":
            chosen = decoding.free(self.scores.written, trie)
        elif decoder == "pmi":
            chosen = decoding.pmi(edges, self.empty.edges, trie)
        else:
            chosen = decoding.DECODINGS[decoder](edges, trie)
        return [self.scheme.labels[i] if i >= 0 else None for i in chosen]


def certain(answers: Sequence[str | None]) -> Answers:
    """Answers for the metrics: Uncertain is no label of any row, so it counts like leaving the label set, as wrong."""
    return [None if answer == UNCERTAIN else answer for answer in answers]


class Asker:
    """Asks a model under one inference strategy.

    Args:
        about: `prompts.json` of the strategy (tasks/render.py).
        max_length: tokens of prompt and label together.
    """

    def __init__(self, model: Any, tokenizer: Any, about: Mapping[str, Any], *, max_length: int, batch_tokens: int) -> None:
        self._about = about
        self.scheme = LabelScheme.build(tokenizer, about["written"], max_length)
        self._scorer = Scorer(model, self.scheme.trie, batch_tokens=batch_tokens)

    def __call__(self, prompts: Sequence[Prompt]) -> Scored:
        """Score prompts."""
        rows = self.scheme.encode(prompts)
        scores = self._scorer.read([row.ids for row in rows.encoded], rows.prefix)
        return Scored(self.scheme, scores, self._empty, rows)

    @cached_property
    def _empty(self) -> Scores:
        """Of the prompt of an empty text, asked once."""
        empty = Prompt("empty", [(kind, text) for kind, text in self._about["empty"]], self.scheme.labels[0])
        return self._scorer.read([self.scheme.encode([empty]).encoded[0].ids])
