"""A trained model under one inference strategy: prompts in, answers under every decoding out.

One scoring pass per prompt serves all decodings; under a strategy that reasons the model writes its reasoning first, once for all of them.
Which labels may be written, and how, is the inference strategy's matter (`prompts.json`), not the model's: a model trained on names can be
asked for numbers. Answers are label names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import softmax

from gencls import decoding
from gencls.arrays import Floats
from gencls.generation import reason
from gencls.prompts import Prompt
from gencls.reasoning import Answer
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer, Scores

Answers = list[str | None]
"""Label names; None outside the label set."""


@dataclass(frozen=True)
class Scored:
    """What a model thinks of some rows.

    Attributes:
        labels: names that a row can truly have; what the strategy offers besides, Uncertain, comes after them in the scheme.
        scores: of the N prompts.
        empty: of one, the prompt of an empty text.
        rows: the prompts as token ids.
        reasoned: what the model wrote before each label; empty where the strategy answers directly.
    """

    scheme: LabelScheme
    labels: list[str]
    scores: Scores
    empty: Scores
    rows: Rows
    reasoned: list[Answer] = field(default_factory=list)

    @cached_property
    def log_probabilities(self) -> Floats:
        """(N, L) log p(label | prompt), Uncertain left out."""
        return decoding.label_log_probabilities(self.scores.edges, self.scheme.trie)[:, : len(self.labels)]

    @cached_property
    def probabilities(self) -> Floats:
        """(N, L) probabilities within the label set, Uncertain left out; rows sum to 1."""
        inside: Floats = softmax(self.log_probabilities, axis=1)
        return inside

    @cached_property
    def reasonings(self) -> list[str]:
        """What the model wrote before each label, on one line; empty where the strategy answers directly."""
        return [" ".join(self.scheme.tokenizer.decode(answer.reasoning).split()) for answer in self.reasoned]

    @property
    def unended(self) -> int:
        """Reasonings that did not end within the limit; their labels are scored from a marker that the model did not write."""
        return sum(not answer.ended for answer in self.reasoned)

    def answers(self, decoder: str) -> Answers:
        """Label names under a decoding (`grid.decoding`), Uncertain among them where it is offered; None outside the label set."""
        scores, empty = self.scores, self.empty.edges
        chosen = decoding.answers(decoder, self.scheme.trie, edges=scores.edges, empty=empty, written=scores.written)
        if decoder == "generate" and self.reasoned:
            chosen = np.where([answer.ended for answer in self.reasoned], chosen, -1)
        return [self.scheme.labels[i] if i >= 0 else None for i in chosen]

    def certain(self, answers: Answers) -> Answers:
        """Answers for the metrics: an Uncertain that is no label of any row counts like leaving the label set, as wrong."""
        return [answer if answer in self.labels else None for answer in answers]


class Asker:
    """Asks a model under one inference strategy.

    Args:
        about: `prompts.json` of the strategy (tasks/render.py).
        max_length: tokens of prompt and answer together.
    """

    def __init__(self, model: Any, tokenizer: Any, about: Mapping[str, Any], *, max_length: int, batch_tokens: int) -> None:
        self._model, self._about, self._batch_tokens = model, about, batch_tokens
        self.scheme = LabelScheme.build(tokenizer, about["written"], max_length, about.get("max_reasoning", 0))
        self._scorer = Scorer(model, self.scheme.trie, batch_tokens=batch_tokens)

    def __call__(self, prompts: Sequence[Prompt]) -> Scored:
        """Let the model write its reasonings where the strategy wants them, and score the labels after that."""
        rows, reasoned = self.scheme.encode(prompts), []
        if self.scheme.reasoning:
            done = reason(self._model, self.scheme, rows, batch_tokens=self._batch_tokens)
            rows, reasoned = done.rows, done.answers
        scores = self._scorer.read([row.ids for row in rows.encoded], rows.prefix)
        return Scored(self.scheme, self._about["labels"], scores, self._empty, rows, reasoned)

    @cached_property
    def _empty(self) -> Scores:
        """Of the prompt of an empty text, without a reasoning, asked once."""
        empty = Prompt("empty", [(kind, text) for kind, text in self._about["empty"]], self.scheme.labels[0])
        return self._scorer.read([self.scheme.encode([empty]).encoded[0].ids + [self.scheme.marker] * bool(self.scheme.reasoning)])
