"""Confidence from zero-shot scores, as in GenCLS++: of several bases the two with the best zero-shot accuracy believe or doubt each label.

- Accuracy is measured on the validation rows. A single base stands twice, under two wordings of the prompt.
- p(label | prompt) is normalised within the label set, confidence is the mean of both, and the likeliest label is the answer.
- A base that knows nothing of the task still ranks the rows, by how often its pretraining met the label's name. The accuracies beside
  the most frequent label's share tell whether its doubt is worth anything (`guessing`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from gencls import decoding, models
from gencls.arrays import Floats
from gencls.labels import written
from gencls.metrics import correct
from gencls.models import Pointer
from gencls.params import Model, Strategy
from gencls.progress import say
from gencls.prompts import REWORDED, TEMPLATES, Prompt, Renderer
from gencls.scheme import LabelScheme
from gencls.scorer import Scorer

JUDGES = 2
DIGITS = 6


@dataclass(frozen=True)
class Candidate:
    """A base, asked in the usual words or in the other ones."""

    base: str
    commit: str | None
    reworded: bool = False

    @property
    def name(self) -> str:
        """As a report says it."""
        commit = f" ({self.commit[:8]})" if self.commit else ""
        return f"{self.base}{commit}{', asked in other words' if self.reworded else ''}"


@dataclass(frozen=True)
class Trial:
    """A candidate's accuracy on validation, and whether it is one of the judges."""

    candidate: Candidate
    accuracy: float
    chosen: bool

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.candidate.name, **asdict(self.candidate), "accuracy": round(self.accuracy, DIGITS), "chosen": self.chosen}


def candidates(bases: Sequence[Pointer]) -> list[Candidate]:
    """Every base once, a single one in both wordings."""
    once = [Candidate(base["base"], base["commit"]) for base in bases]
    return once if len(once) > 1 else [*once, *(Candidate(one.base, one.commit, reworded=True) for one in once)]


@dataclass(frozen=True)
class Judge:
    """Label probabilities of rows under the zero-shot prompt.

    Attributes:
        labels: the label set, in the order of the label list.
        language: of the prompt.
        model: how a base is loaded; which one is the candidate's affair.
    """

    labels: Sequence[str]
    language: str
    model: Model

    def __call__(self, candidate: Candidate, frame: pd.DataFrame) -> Floats:
        """(rows, L) for a frame with id, text and label."""
        network, tokenizer = models.load_pointer({"base": candidate.base, "commit": candidate.commit}, self.model)
        names = written(self.labels, Strategy(), language=self.language, seed=0)
        scheme = LabelScheme.build(tokenizer, names, self.model.max_length)
        renderer = Renderer(Strategy(), names, (REWORDED if candidate.reworded else TEMPLATES)[self.language])
        cells = zip(frame["id"], frame["text"], frame["label"], strict=True)
        rows = scheme.encode([Prompt(i, renderer.segments(text), label) for i, text, label in cells])
        say(f"{candidate.name}: {len(rows.gold)} rows, {rows.cut} of them cut to {self.model.max_length} tokens")
        edges = Scorer(network, scheme.trie)([row.ids for row in rows.encoded], rows.prefix)
        return decoding.probabilities(edges, scheme.trie)

    def accuracy(self, candidate: Candidate, frame: pd.DataFrame) -> float:
        """Share of rows whose likeliest label is the gold one."""
        answers = self.answers(self(candidate, frame))
        return float(np.mean([correct(answer, gold) for answer, gold in zip(answers, frame["label"], strict=True)]))

    def answers(self, probabilities: Floats) -> list[str]:
        """The likeliest label of each row."""
        return [self.labels[i] for i in probabilities.argmax(axis=1)]


def score(judge: Judge, asked: Sequence[Candidate], train: pd.DataFrame, validation: pd.DataFrame) -> tuple[pd.DataFrame, list[Trial]]:
    """(scores of the training rows, trials of the candidates in the order given).

    The scores are `confidence` (mean probability that the two best candidates give to the gold label) and `suggested` (the label that
    they find most probable), in the order of the rows. Of equals the earlier candidate is taken.
    """
    accuracies = [judge.accuracy(candidate, validation) for candidate in asked]
    best = sorted(range(len(asked)), key=lambda i: -accuracies[i])[:JUDGES]
    trials = [Trial(candidate, accuracies[i], i in best) for i, candidate in enumerate(asked)]
    mean = np.mean([judge(trial.candidate, train) for trial in trials if trial.chosen], axis=0)
    place = {label: i for i, label in enumerate(judge.labels)}
    confidence = mean[np.arange(len(train)), train["label"].map(place)]
    return pd.DataFrame({"confidence": confidence, "suggested": judge.answers(mean)}), trials


def guessing(validation: pd.DataFrame) -> float:
    """Accuracy of always answering the most frequent label."""
    return float(validation["label"].value_counts(normalize=True).iloc[0])
