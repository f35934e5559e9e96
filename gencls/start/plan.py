"""Parameters that suit the rows: what presets chose for data sets of like size, prompts measured in tokens, strategies that time allows.

Model: the builtin base of about two million parameters; a larger vocabulary goes with a narrower network.
Steps: a model that starts from nothing needs some two thousand of the base and a thousand of SFT before it generalises from few rows, so
these get small batches and many passes, and more over many small classes.
Strategies: zero_shot always, the others while the estimate stays below `BUDGET` and their prompts fit into `LONGEST`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gencls.arrays import Ints
from gencls.calibration import FEWEST
from gencls.encode import slices
from gencls.errors import InputError
from gencls.labels import reserved, written
from gencls.params import Base, Split, Strategy
from gencls.prompts import TEMPLATES, Example, Renderer
from gencls.sources.split import stratified
from gencls.start.estimate import Training, minutes
from gencls.start.survey import Survey, some
from gencls.tokenizer import train_tokenizer

OFFERED = {
    "zero_shot": Strategy(),
    "mixed": Strategy(mixed=20_000),
    "similar_3": Strategy(shots=3, examples="similar"),
    "uncertain": Strategy(uncertain=True),
}
"""In the order in which they are added; each way to ask is also tried on every other's model."""
FEW = 150
"""Training rows a class from which on mixed texts are not offered: with 47, 60 and 79 they gained four points or more, with 350 none."""
BUDGET = 20.0
"""Minutes that a first run may take by the estimate."""
LONGEST = 768
"""Tokens of prompt and answer that a first run may read: attention over more is slow on a CPU."""
ROOM = 128
"""Tokens that a text can have all the same, however many the labels before it take."""
CHARACTERS = 12 * LONGEST
"""Of a text that are measured: more than any tokenizer fits into so many tokens."""
ROUNDED = 32
"""`max_length` is a multiple of this."""
SAMPLE = 4000
"""Training rows measured."""
FRAME = 3
"""Tokens of the chat template: user, assistant, end."""
TEST_ROWS, VALIDATION_ROWS = 5000, 2500
"""Enough for intervals of about a point; what is left over trains."""


@dataclass(frozen=True)
class Shares:
    """Of the rows, held out."""

    validation: float
    test: float


@dataclass(frozen=True)
class Plan:
    """What params.yaml says differently from the default file."""

    knobs: dict[str, Any]
    """`section.key` → value."""
    strategies: dict[str, Strategy]
    shares: Shares
    minutes: float
    """Estimate for `dvc repro`."""
    formula: str
    """How that was reckoned, with its numbers."""
    rows: dict[Split, int]
    doubts: list[str]


def plan(found: Survey, *, language: Literal["en", "zh"], seed: int, decodings: int, flops: float) -> Plan:
    """Parameters for the rows of a survey on a machine with so many floating-point operations a second; the grid has so many decodings.

    Raises:
        InputError: the rows are too few to hold some out for validation and test.
    """
    shares = Shares(_share(0.1, VALIDATION_ROWS, len(found.complete)), _share(0.2, TEST_ROWS, len(found.complete)))
    splits = stratified(found.complete, validation=shares.validation, test=shares.test, seed=seed)
    rows, train = {split: len(frame) for split, frame in splits.items()}, splits["train"]
    _check_held_out(rows, len(found.classes))
    base = _base(train, language)
    lengths, heads, fixed = _lengths(train, language, base.vocab_size, seed)
    tokens = {name: float(np.minimum(of, max(LONGEST, fixed + ROOM)).mean()) - heads[name] for name, of in lengths.items()}
    training = Training(rows, base, _sft_epochs(train), decodings, tokens)
    chosen = _affordable(training, lengths, flops)
    longest = int(max(lengths[name].max() for name in chosen))
    max_length = -(-max(min(LONGEST, longest), fixed + ROOM) // ROUNDED) * ROUNDED
    single = sorted(str(label) for label, n in train["label"].value_counts().items() if n == 1)
    knobs = {
        "model.max_length": max_length,
        "validate.single_row": "warning" if single else "error",
        **{f"base.{key}": getattr(base, key) for key in ("vocab_size", "width", "dropout", "epochs", "batch_size")},
        "sft.epochs": training.sft_epochs,
        "sft.batch_size": base.batch_size,
    }
    spent, formula = minutes(training, {name: OFFERED[name] for name in chosen}, flops)
    cut = sum(int((lengths[name] > max_length).sum()) for name in chosen)
    unseen = sorted(set(train["label"]) - set(splits["validation"]["label"]))
    doubts = [*_doubts(rows, single, unseen, cut, max_length), *_long_list(heads["zero_shot"], max_length)]
    return Plan(knobs, {name: OFFERED[name] for name in chosen}, shares, spent, formula, rows, doubts)


def _share(share: float, most: int, rows: int) -> float:
    return share if share * rows <= most else round(most / rows, 4)


def _check_held_out(rows: dict[Split, int], classes: int) -> None:
    empty = [split for split, n in rows.items() if not n]
    if empty:
        raise InputError(
            f"{sum(rows.values())} rows of {classes} classes leave none for {' and '.join(empty)}, for each class keeps a training row: "
            "label more rows, give rare classes one name, or name another column: --label"
        )


def _base(train: pd.DataFrame, language: str) -> Base:
    """As in presets/: intents, taxonomy and emotion, eic; tnews_fewclue and iflytek in Chinese."""
    rows = len(train)
    if language == "zh":
        vocab_size = 8000 if train["text"].str.len().sum() > 200_000 else 4000
    else:
        vocab_size = 2000 if rows <= 3500 else 3000 if rows <= 5000 else 4000
    epochs = 15 if rows < 2000 else 10 if rows < 6000 else 5 if rows < 20_000 else 3 if rows < 40_000 else 2
    batch_size = 8 if rows < 2000 else 16 if rows < 10_000 else 32
    return Base(vocab_size=vocab_size, width=216 if vocab_size < 4000 else 192, epochs=epochs, batch_size=batch_size)


def _sft_epochs(train: pd.DataFrame) -> int:
    rows, per_class = len(train), len(train) / train["label"].nunique()
    return 8 if rows < 2000 else 6 if per_class < 100 else 5 if rows < 6000 else 4 if rows < 40_000 else 2


def _lengths(train: pd.DataFrame, language: str, vocab_size: int, seed: int) -> tuple[dict[str, Ints], dict[str, int], int]:
    """Strategy → tokens of prompt and answer of each sampled row, and of the head of all its prompts; those of zero_shot without a text.

    By a tokenizer made from these rows as `base` makes its own. The examples are the rows before, whatever the strategy would show.
    """
    sample = train.sample(n=min(SAMPLE, len(train)), random_state=seed)
    labels, rows = sorted(train["label"].unique()), list(zip(sample["text"].str[:CHARACTERS], sample["label"], strict=True))
    renderers = {
        name: Renderer(strategy, written(labels, strategy, language=language, seed=seed), TEMPLATES[language])
        for name, strategy in OFFERED.items()
        if not (strategy.uncertain and reserved(language) & set(labels)) and not (strategy.mixed and len(train) >= FEW * len(labels))
    }
    plain = renderers["zero_shot"]
    tokenizer = train_tokenizer((_content(plain, rows, i) for i in range(len(rows))), vocab_size).backend_tokenizer
    answer = max(len(tokenizer.encode(label).ids) for label in labels) + FRAME
    lengths = {name: _tokens(tokenizer, renderer, rows) + answer for name, renderer in renderers.items()}
    fixed = len(tokenizer.encode(_content(plain, [("", "")], 0)).ids) + answer
    return lengths, {name: len(tokenizer.encode(renderer.head()).ids) for name, renderer in renderers.items()}, fixed


def _tokens(tokenizer: Any, renderer: Renderer, rows: Sequence[Example]) -> Ints:
    """Of the prompt of each row."""
    found: list[int] = []
    for contents in slices(_content(renderer, rows, i) for i in range(len(rows))):
        found += [len(encoded.ids) for encoded in tokenizer.encode_batch_fast(contents)]
    return np.array(found)


def _content(renderer: Renderer, rows: Sequence[Example], i: int) -> str:
    shown = [rows[i - j - 1] for j in range(renderer.strategy.shots)]
    return "".join(part for _, part in renderer.segments(rows[i][0], shown))


def _affordable(training: Training, lengths: dict[str, Any], flops: float) -> list[str]:
    chosen = ["zero_shot"]
    for name in OFFERED:
        if (
            name in lengths
            and name not in chosen
            and lengths[name].max() <= LONGEST
            and minutes(training, {other: OFFERED[other] for other in (*chosen, name)}, flops)[0] <= BUDGET
        ):
            chosen.append(name)
    return chosen


def _doubts(rows: dict[Split, int], single: list[str], unseen: list[str], cut: int, max_length: int) -> list[str]:
    found = []
    if rows["train"] < 2000:
        found.append(
            f"{rows['train']} training rows are few for a model that starts from nothing: a pretrained base should be better "
            "(model.base, and with it sft.optimizer: adamw, sft.lr: 2e-5, sft.unmerge: 0, rl.lr: 2e-5)"
        )
    if single:
        found.append(f"{len(single)} classes have one training row (validate.single_row: warning); they will hardly be learnt")
    if unseen:
        found.append(f"{len(unseen)} classes have no validation row, so the choice between models does not see them: {some(unseen)}")
    if rows["validation"] < FEWEST:
        found.append(f"{rows['validation']} validation rows are too few for a threshold to abstain below, which takes {FEWEST}")
    if cut:
        found.append(f"{cut} of the prompts measured are longer than model.max_length: {max_length}; their texts lose their middle")
    return found


def _long_list(head: int, max_length: int) -> list[str]:
    """A doubt where the labels alone made the prompts longer than they should be."""
    if max_length <= LONGEST:
        return []
    return [
        f"the list of the labels takes {head} tokens of every prompt, so model.max_length is {max_length}, which is slow; short names help"
    ]
