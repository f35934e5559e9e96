"""Seeded splits of distinct messages, with label noise in the training split.

The test split is generated first, then validation, then training: a larger training split leaves the others as they are.
"""

import random

import pandas as pd

from gencls.params import Split, SplitRows
from gencls.sources.intents.compose import Composer
from gencls.sources.intents.grammar import INTENTS
from gencls.sources.intents.surface import roughen
from gencls.sources.rows import SourceError

LARGEST_TO_SMALLEST = 2.0
"""Rows of the most frequent intent per row of the rarest; the others lie between."""
CONFUSABLE_NOISE = 0.8
"""Share of the wrong labels that are a confusable intent of the true one; the rest are any other."""
FEWEST = 2
"""Noise leaves every intent so many rows with its label."""
ATTEMPTS = 200
"""Messages composed in vain before the grammar counts as exhausted."""


def generate(rows: SplitRows, *, noise: float, seed: int) -> dict[Split, pd.DataFrame]:
    """{split: columns text and label}, train also clean_label; the same seed gives the same rows, and no message occurs twice.

    Raises:
        SourceError: fewer rows than intents, or more than the grammar has messages for.
    """
    seen: set[str] = set()
    test = _split("test", rows.test, seed=seed, seen=seen)
    validation = _split("validation", rows.validation, seed=seed, seen=seen)
    train = _split("train", rows.train, seed=seed, seen=seen)
    return {"train": _mislabel(train, noise, seed=seed), "validation": validation, "test": test}


def _split(split: Split, count: int, *, seed: int, seen: set[str]) -> pd.DataFrame:
    rng = random.Random(f"{seed} {split}")
    composer = Composer(rng, all_phrases=split != "train")
    labels = [label for label, n in _quotas(split, count).items() for _ in range(n)]
    rng.shuffle(labels)
    return pd.DataFrame({"text": [_new_message(label, composer, seen) for label in labels], "label": labels}, dtype="str")


def _quotas(split: Split, count: int) -> dict[str, int]:
    """Rows per intent, by largest remainder; frequencies fall evenly from intent to intent in the grammar's order."""
    if count < len(INTENTS):
        raise SourceError(f"rows.{split}: got {count}; the generator intents needs at least {len(INTENTS)}, one row per intent")
    steps = len(INTENTS) - 1
    weights = {label: LARGEST_TO_SMALLEST - (LARGEST_TO_SMALLEST - 1) * i / steps for i, label in enumerate(INTENTS)}
    exact = {label: count * weight / sum(weights.values()) for label, weight in weights.items()}
    quotas = {label: max(1, int(share)) for label, share in exact.items()}
    by_remainder = sorted(exact, key=lambda label: quotas[label] - exact[label])
    for i in range(count - sum(quotas.values())):
        quotas[by_remainder[i]] += 1
    return quotas


def _new_message(label: str, composer: Composer, seen: set[str]) -> str:
    """A message unlike all in `seen`, however either is cased, punctuated or misspelt; it is added there."""
    for _ in range(ATTEMPTS):
        clean = composer.message(label)
        text = roughen(clean, composer.rng)
        keys = {_key(clean), _key(text)}
        if seen.isdisjoint(keys):
            seen |= keys
            return text
    raise SourceError(f"the generator intents has no more distinct messages for {label!r} after {len(seen)} texts; ask for fewer rows")


def _key(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _mislabel(train: pd.DataFrame, noise: float, *, seed: int) -> pd.DataFrame:
    """Replace the label of exactly round(noise x rows) rows; `clean_label` keeps the truth."""
    rng = random.Random(f"{seed} noise")
    labels = list(train["label"])
    wrong = round(noise * len(labels))
    for row in rng.sample(range(len(labels)), len(labels)):
        if wrong == 0:
            break
        if labels.count(labels[row]) > FEWEST:
            labels[row] = _wrong_label(labels[row], rng)
            wrong -= 1
    return train.assign(label=pd.Series(labels, dtype="str"), clean_label=train["label"])


def _wrong_label(label: str, rng: random.Random) -> str:
    if rng.random() < CONFUSABLE_NOISE:
        return rng.choice(INTENTS[label].confusable)
    return rng.choice([other for other in INTENTS if other != label])
