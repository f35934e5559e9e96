"""What all generators share: seeded splits of distinct texts, phrases held back from training, label noise in the training split.

The test split is written first, then validation, then training: a larger training split leaves the others as they are.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gencls.params import Split, SplitRows
from gencls.sources.rows import SourceError

HELD_BACK = 0.15
"""Share of a list of phrases, taken from its end, that only validation and test use."""
CONFUSABLE_NOISE = 0.8
"""Share of the wrong labels that are easily taken for the true one; the rest are any other."""
FEWEST = 2
"""Noise leaves every label so many rows."""
ATTEMPTS = 200
"""Texts written in vain before the grammar counts as exhausted."""


@dataclass(frozen=True)
class Writer(ABC):
    """Writes the texts of one split from a grammar."""

    rng: random.Random
    all_phrases: bool
    """False leaves out the phrases that are held back from training."""

    @abstractmethod
    def text(self, label: str) -> tuple[str, str]:
        """A text of this label in clean English, and the same as somebody typed it."""

    def pick(self, phrases: Sequence[str]) -> str:
        """One phrase that this split may use."""
        return self.rng.choice(phrases if self.all_phrases else phrases[: len(phrases) - held_back(phrases)])


@dataclass(frozen=True)
class Recipe:
    """What a generator is made of."""

    name: str
    weights: Mapping[str, float]
    """Label → frequency, in proportion."""
    confusable: Mapping[str, Sequence[str]]
    """Label → labels that it is easily taken for."""
    writer: type[Writer]


def held_back(phrases: Sequence[str]) -> int:
    """How many of the last phrases of a list occur in validation and test only."""
    return round(HELD_BACK * len(phrases))


def splits(recipe: Recipe, rows: SplitRows, *, noise: float, seed: int) -> dict[Split, pd.DataFrame]:
    """{split: columns text and label}, train also clean_label; the same seed gives the same rows, and no text occurs twice.

    Raises:
        SourceError: fewer rows than labels, or more than the grammar has texts for.
    """
    seen: set[str] = set()
    test = _split(recipe, "test", rows.test, seed=seed, seen=seen)
    validation = _split(recipe, "validation", rows.validation, seed=seed, seen=seen)
    train = _split(recipe, "train", rows.train, seed=seed, seen=seen)
    return {"train": _mislabel(recipe, train, noise, seed=seed), "validation": validation, "test": test}


def _split(recipe: Recipe, split: Split, count: int, *, seed: int, seen: set[str]) -> pd.DataFrame:
    rng = random.Random(f"{seed} {split}")
    writer = recipe.writer(rng, all_phrases=split != "train")
    labels = [label for label, n in _quotas(recipe, split, count).items() for _ in range(n)]
    rng.shuffle(labels)
    return pd.DataFrame({"text": [new_text(recipe.name, label, writer, seen) for label in labels], "label": labels}, dtype="str")


def _quotas(recipe: Recipe, split: Split, count: int) -> dict[str, int]:
    """Rows per label, by largest remainder, at least one."""
    if count < len(recipe.weights):
        needed = len(recipe.weights)
        raise SourceError(f"rows.{split}: got {count}; the generator {recipe.name} needs at least {needed}, one row per label")
    exact = {label: count * weight / sum(recipe.weights.values()) for label, weight in recipe.weights.items()}
    quotas = {label: max(1, int(share)) for label, share in exact.items()}
    by_remainder = sorted(exact, key=lambda label: quotas[label] - exact[label])
    for i in range(count - sum(quotas.values())):
        quotas[by_remainder[i]] += 1
    for _ in range(sum(quotas.values()) - count):  # what the rarest have got too much
        quotas[max(quotas, key=quotas.__getitem__)] -= 1
    return quotas


def new_text(name: str, label: str, writer: Writer, seen: set[str]) -> str:
    """A text unlike all in `seen`, however either is cased, punctuated or misspelt; it is added there.

    Raises:
        SourceError: the grammar of generator `name` is exhausted.
    """
    for _ in range(ATTEMPTS):
        clean, text = writer.text(label)
        keys = {_key(clean), _key(text)}
        if seen.isdisjoint(keys):
            seen |= keys
            return text
    raise SourceError(f"the generator {name} has no more distinct texts for {label!r} after {len(seen)} texts; ask for fewer rows")


def _key(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _mislabel(recipe: Recipe, train: pd.DataFrame, noise: float, *, seed: int) -> pd.DataFrame:
    """Replace the label of exactly round(noise x rows) rows; `clean_label` keeps the truth."""
    rng = random.Random(f"{seed} noise")
    labels = list(train["label"])
    wrong = round(noise * len(labels))
    for row in rng.sample(range(len(labels)), len(labels)):
        if wrong == 0:
            break
        if labels.count(labels[row]) > FEWEST:
            labels[row] = _wrong_label(recipe, labels[row], rng)
            wrong -= 1
    return train.assign(label=pd.Series(labels, dtype="str"), clean_label=train["label"])


def _wrong_label(recipe: Recipe, label: str, rng: random.Random) -> str:
    if rng.random() < CONFUSABLE_NOISE:
        return rng.choice(recipe.confusable[label])
    return rng.choice([other for other in recipe.weights if other != label])
