"""Reasoned answers: what is written before a label, and where the label begins. No torch here.

    R, marker, label, end token        what a model that reasons writes after its prompt

The marker is one special token, the last of those with which the chat template opens an answer. Texts and reasonings are tokenised with
special tokens as plain characters, and while a reasoning is generated no other special token may be written, so neither a text nor a
reasoning can hold the marker, whatever characters it has: the first marker after the prompt is where the label begins.

`parse` is the one reading of such an answer, for evaluation and for rewards. The separator and the parse rule of the two-stage paper are
unknown; these are ours. Its generator reads two labelled lines, `Question:` and `Answer:`, and writes the reasoning alone, as here.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gencls.errors import InputError
from gencls.prompts import Segment

Fault = Literal["empty", "endless", "repeats"]
DISTINCT = 0.5
"""Share of different runs of three tokens below which a reasoning repeats itself."""


@dataclass(frozen=True)
class Answer:
    """A reasoned answer, parsed.

    Attributes:
        reasoning: token ids before the marker.
        ended: whether there is a marker at all.
        label: number of the label that stands after it, whole and with its end token; None where none does.
    """

    reasoning: list[int]
    ended: bool
    label: int | None


def parse(ids: Sequence[int], marker: int, sequences: Sequence[Sequence[int]]) -> Answer:
    """Read what a model wrote after its prompt.

    A label counts in its own tokens (`LabelScheme.sequences`) directly after the first marker; what follows its end token, such as the
    padding of a batch, is not read.
    """
    written = list(ids)
    if marker not in written:
        return Answer(written, ended=False, label=None)
    at = written.index(marker)
    rest = written[at + 1 :]
    found = [number for number, sequence in enumerate(sequences) if rest[: len(sequence)] == list(sequence)]
    return Answer(written[:at], ended=True, label=found[0] if found else None)


def special_tokens(tokenizer: Any) -> set[int]:
    """Ids that no text is encoded to, but for that of the unknown in a tokenizer which has one."""
    return {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}


def marker(tokenizer: Any) -> int:
    """The special token after which the label is written.

    Raises:
        InputError: the tokenizer has none besides those that begin, end and fill a sequence, and the unknown.
    """
    taken = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id}
    usable = special_tokens(tokenizer) - taken
    opening = tokenizer.apply_chat_template([{"role": "user", "content": ""}], tokenize=False, add_generation_prompt=True)
    opened = [id for id in tokenizer(opening, add_special_tokens=False)["input_ids"] if id in usable]
    if not usable:
        raise InputError(
            "model.base: its tokenizer has no special token to part a reasoning from the label, which strategies with `reasoning` need"
        )
    return opened[-1] if opened else min(usable)


def frame(question: str, answer: str | None) -> list[Segment]:
    """What a reasoner is asked; without an answer it has to reason blindly. All that a row differs in may be cut."""
    told: list[Segment] = [] if answer is None else [("fixed", "\nAnswer: "), ("text", answer)]
    return [("fixed", "Question: "), ("text", question), *told, ("fixed", "\nReasoning:")]


def encode(reasonings: Sequence[str], tokenizer: Any) -> list[list[int]]:
    """Token ids of reasonings; special tokens are plain characters."""
    if not reasonings:
        return []
    encoded: list[list[int]] = tokenizer(list(reasonings), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return encoded


def fault(ids: Sequence[int], *, ended: bool, longest: int) -> Fault | None:
    """What is wrong with a reasoning, if anything: nothing was written, no end within `longest` tokens, or the same over and over."""
    if not ended or len(ids) > longest:
        return "endless"
    if not ids:
        return "empty"
    runs = [tuple(ids[i : i + 3]) for i in range(len(ids) - 2)]
    return "repeats" if runs and len(set(runs)) < DISTINCT * len(runs) else None


def shuffled(reasonings: Sequence[str], labels: Sequence[str], *, seed: int) -> list[str]:
    """Reasonings dealt out anew within each class, none to its own row unless the class has no other; the seed decides."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    rng, dealt = np.random.default_rng(seed), list(reasonings)
    for label in sorted(places):
        cycle = rng.permutation(places[label])
        for place, source in zip(cycle, np.roll(cycle, 1), strict=True):
            dealt[place] = reasonings[source]
    return dealt
