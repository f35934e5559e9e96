"""A closed label set for one tokenizer: what turns rendered rows into token ids and scores back into labels. No torch here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gencls import reasoning
from gencls.encode import Encoded, PromptEncoder, label_sequences, shared_prefix
from gencls.errors import InputError
from gencls.prompts import Prompt
from gencls.trie import LabelTrie


@dataclass(frozen=True)
class Rows:
    """A rendered split as token ids.

    Attributes:
        encoded: one entry a row.
        gold: label number of each row.
        prefix: token ids that all prompts start with.
        reasonings: token ids to be written before each label, the marker among them; empty where labels are answered directly.
    """

    encoded: list[Encoded]
    gold: list[int]
    prefix: list[int]
    reasonings: list[list[int]] = field(default_factory=list)

    @property
    def cut(self) -> int:
        """Rows whose text lost its middle."""
        return sum(row.cut for row in self.encoded)


@dataclass(frozen=True)
class LabelScheme:
    """Labels as the model writes them.

    Attributes:
        written: label name → what is written for it; the last name may be Uncertain.
        sequences: token ids of each label as it is written, end token included.
        max_length: tokens of prompt and label together.
        reasoning: tokens of the longest reasoning before the label; 0 where labels are answered directly.
    """

    tokenizer: Any
    written: Mapping[str, str]
    sequences: list[list[int]]
    max_length: int
    reasoning: int = 0

    @classmethod
    def build(cls, tokenizer: Any, written: Mapping[str, str], max_length: int, reasoning: int = 0) -> "LabelScheme":
        """Tokenise what is written for each label name (`gencls.labels.written`); `reasoning` is `max_reasoning` of prompts.json.

        Raises:
            InputError: two labels have the same tokens, as where they differ in Unicode's form only and the tokenizer knows one form.
        """
        sequences, label_of = label_sequences(list(written.values()), tokenizer), dict[tuple[int, ...], str]()
        for label, sequence in zip(written, sequences, strict=True):
            if (other := label_of.setdefault(tuple(sequence), label)) != label:
                raise InputError(
                    f"labels {other!a} and {label!a} are the same to the tokenizer of model.base; give one of them another name"
                )
        return cls(tokenizer, written, sequences, max_length, reasoning)

    @cached_property
    def labels(self) -> list[str]:
        """Label names, in the order of the label numbers."""
        return list(self.written)

    @cached_property
    def trie(self) -> LabelTrie:
        """The label set as a trie."""
        return LabelTrie(self.sequences)

    @cached_property
    def marker(self) -> int:
        """The token between a reasoning and the label."""
        return reasoning.marker(self.tokenizer)

    @property
    def prompt_tokens(self) -> int:
        """Longest prompt that leaves room for the longest answer."""
        answer = max(len(sequence) for sequence in self.sequences) + (self.reasoning + 1 if self.reasoning else 0)
        return self.max_length - answer

    def encode(self, prompts: Sequence[Prompt]) -> Rows:
        """Prompts to token ids; over-long texts lose their middle."""
        encoded = PromptEncoder(self.tokenizer, self.prompt_tokens)(prompts)
        number = {label: i for i, label in enumerate(self.labels)}
        gold = [number[prompt.label] for prompt in prompts]
        return Rows(encoded, gold, shared_prefix([row.ids for row in encoded]), self._reasonings(prompts) if self.reasoning else [])

    def _reasonings(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        written = reasoning.encode([prompt.reasoning for prompt in prompts], self.tokenizer)
        return [[*ids[: self.reasoning], self.marker] for ids in written]
