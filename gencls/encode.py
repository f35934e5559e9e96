"""Prompts to token ids: chat template, cutting of over-long texts, the label's tokens. No torch here.

The template's own text and the user's content are tokenised apart, and in the content special tokens are plain characters: a text that
holds `<|im_end|>` cannot end its turn.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gencls.chat import SENTINEL
from gencls.errors import InputError
from gencls.prompts import Prompt

SLICE, CHARACTERS = 256, 1_000_000
"""Texts tokenised at once, and characters of theirs: with all offsets these take a hundred times their size, until the texts are cut."""


@dataclass(frozen=True)
class Encoded:
    """Token ids of a prompt.

    Attributes:
        ids: the whole prompt, up to where the label begins.
        spans: [start, end) of the tokens of each text segment.
        cut: whether a text lost its middle.
    """

    ids: list[int]
    spans: list[tuple[int, int]]
    cut: bool = False


class PromptEncoder:
    """Encodes prompts for one tokenizer.

    Args:
        tokenizer: a fast tokenizer with a chat template.
        max_tokens: longest prompt; the caller keeps room for the label.

    Raises:
        InputError: the fixed part of a prompt alone is longer than `max_tokens`.
    """

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        turn = [{"role": "user", "content": SENTINEL}]
        head, tail = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True).split(SENTINEL)
        self._head: list[int] = tokenizer(head, add_special_tokens=False)["input_ids"]
        self._tail: list[int] = tokenizer(tail, add_special_tokens=False)["input_ids"]

    def __call__(self, prompts: Sequence[Prompt]) -> list[Encoded]:
        """Encode prompts, in order."""
        encoded: list[Encoded] = []
        for contents in slices(prompt.content for prompt in prompts):
            encoded += self._slice(prompts[len(encoded) : len(encoded) + len(contents)], contents)
        return encoded

    def _slice(self, prompts: Sequence[Prompt], contents: list[str]) -> list[Encoded]:
        batch = self._tokenizer(contents, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True)
        return [
            self._one(prompt, ids, offsets)
            for prompt, ids, offsets in zip(prompts, batch["input_ids"], batch["offset_mapping"], strict=True)
        ]

    def _one(self, prompt: Prompt, ids: list[int], offsets: list[tuple[int, int]]) -> Encoded:
        spans = _spans(prompt, offsets)
        room = self._max_tokens - len(self._head) - len(self._tail)
        keep = _shares([end - start for start, end in spans], room - (len(ids) - sum(end - start for start, end in spans)))
        if keep is None:
            fixed = len(self._head) + len(self._tail) + len(ids) - sum(end - start for start, end in spans)
            raise InputError(
                f"row {prompt.id}: the prompt without its text has {fixed} tokens, the model reads {self._max_tokens} besides the label; "
                "raise model.max_length or choose a strategy with fewer examples"
            )
        cut_ids, cut_spans, at = list(self._head), [], 0
        for (start, end), kept in zip(spans, keep, strict=True):
            cut_ids += ids[at:start]
            front = kept - kept // 2
            text = ids[start : start + front] + ids[end - kept // 2 : end] if kept < end - start else ids[start:end]
            cut_spans.append((len(cut_ids), len(cut_ids) + len(text)))
            cut_ids += text
            at = end
        return Encoded(cut_ids + ids[at:] + self._tail, cut_spans, cut=sum(keep) < sum(end - start for start, end in spans))


def slices(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts, in runs of at most `SLICE` of them and `CHARACTERS` characters; a longer text is a run of its own."""
    run: list[str] = []
    held = 0
    for text in texts:
        if run and (len(run) == SLICE or held + len(text) > CHARACTERS):
            yield run
            run, held = [], 0
        run.append(text)
        held += len(text)
    if run:
        yield run


def _spans(prompt: Prompt, offsets: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Token spans of the text segments. A token across a border belongs to the fixed side, which must stay whole, unless all it takes
    from there is white space, as byte-level tokens do with the space before a word.
    """
    content, spans, at, token = prompt.content, [], 0, 0
    for kind, text in prompt.segments:
        start, at = at, at + len(text)
        if kind == "text":
            while token < len(offsets) and offsets[token][0] < start and not _only_takes_space(content, offsets[token], start):
                token += 1
            first = token
            while token < len(offsets) and offsets[token][1] <= at and offsets[token][0] < at:
                token += 1
            spans.append((first, token))
    return spans


def _only_takes_space(content: str, token: tuple[int, int], border: int) -> bool:
    return token[1] > border and content[token[0] : border].isspace()


def _shares(lengths: list[int], room: int) -> list[int] | None:
    """Tokens each text may keep: short ones whole, the long ones an equal share of what is left; None if there is no room at all."""
    if sum(lengths) <= room:
        return lengths
    if room < len(lengths):
        return None
    cap, left = 0, room
    for i, length in enumerate(sorted(lengths)):
        cap = left // (len(lengths) - i)
        if length > cap:
            break
        left -= length
    return [min(length, cap) for length in lengths]


def label_sequences(labels: Sequence[str], tokenizer: Any) -> list[list[int]]:
    """Token ids of each label with the end-of-turn token, as the model is to write them after the prompt."""
    return [
        [*tokenizer(label, add_special_tokens=False, split_special_tokens=True)["input_ids"], tokenizer.eos_token_id] for label in labels
    ]


def shared_prefix(rows: Sequence[Sequence[int]]) -> list[int]:
    """Longest beginning common to all rows that leaves each at least one token of its own."""
    if not rows:
        return []
    low, high = min(map(list, rows)), max(map(list, rows))  # what the extremes share, all between them share
    length = 0
    for a, b in zip(low, high, strict=False):
        if a != b:
            break
        length += 1
    return low[: min(length, min(map(len, rows)) - 1)]
