"""Task families of the builtin corpus that teach to quote, whatever the words: questions of words at random, in any language.

A decoder of a few million parameters that is trained from nothing does not know how to quote. Families of fixed words teach it to recite
these. It learns to quote from words that it could not know to come: those of its own tokenizer, drawn at random, each of which must have
been quoted before it can be quoted from a text. Whole questions are repeated first of all, for that has most to quote.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gencls.corpora.rows import Row

MOST_WORDS = 14
"""Of a question."""
SPELLED = 0.2
"""Share of words of more than one token."""
SPACE = ("Ġ", "▁")
"""How byte-level BPE and SentencePiece write the space before a word."""


@dataclass(frozen=True)
class Wording:
    """How a reasoning is said in one language."""

    space: str
    quoted: str
    separator: str
    last: str
    repeated: str
    one: tuple[str, ...]
    several: tuple[str, ...]

    def reasoning(self, rng: random.Random, words: Sequence[str], answer: str) -> str:
        """That the words speak for the answer."""
        quoted = [self.quoted.format(word) for word in words]
        said = self.last.join([part for part in (self.separator.join(quoted[:-1]), quoted[-1]) if part])
        return rng.choice(self.one if len(words) == 1 else self.several).format(words=said, answer=answer)


WORDINGS = {
    "en": Wording(
        " ",
        '"{}"',
        ", ",
        " and ",
        "It says: {words}. That is {answer}.",
        ("{words} speaks of {answer}.", "The telling word is {words}: {answer}.", "It says {words}, so it is about {answer}."),
        ("{words} speak of {answer}.", "The telling words are {words}: {answer}.", "It says {words}, so it is about {answer}."),
    ),
    "zh": Wording(
        "",
        "“{}”",
        "、",
        "和",
        "文中说：{words}。这是{answer}。",
        ("{words}说的是{answer}。", "关键词是{words}：{answer}。", "文中有{words}，所以是{answer}。"),
        ("{words}说的都是{answer}。", "关键词是{words}：{answer}。", "文中有{words}，所以是{answer}。"),
    ),
}


@dataclass(frozen=True)
class Words:
    """What questions are made of.

    Attributes:
        beginnings: tokens of letters that begin a word.
        endings: tokens of letters that go on with one.
    """

    beginnings: Sequence[str]
    endings: Sequence[str]
    wording: Wording

    @classmethod
    def of(cls, tokenizer: Any, language: str) -> "Words":
        """The words of a tokenizer. In a language without spaces every token begins one."""
        spaced = bool(WORDINGS[language].space)
        found: dict[bool, dict[str, None]] = {True: {}, False: {}}
        for id, token in enumerate(tokenizer.convert_ids_to_tokens(range(tokenizer.vocab_size))):
            text = tokenizer.decode([id]).strip()
            if text.isalpha():
                found[not spaced or token.startswith(SPACE)][text] = None
        endings = list(found[False])
        return cls(list(found[True]) or endings, endings, WORDINGS[language])

    def text(self, rng: random.Random, least: int, most: int) -> list[str]:
        """Words at random."""
        return [self.word(rng) for _ in range(rng.randint(least, most))]

    def word(self, rng: random.Random) -> str:
        """One token, or now and then two or three."""
        more = rng.randint(1, 2) if self.endings and rng.random() < SPELLED else 0
        return rng.choice(self.beginnings) + "".join(rng.choice(self.endings) for _ in range(more))

    def row(self, question: Sequence[str], answer: Sequence[str], rng: random.Random, telling: Sequence[str]) -> Row:
        """A question whose telling words are quoted."""
        name = self.name(answer, rng)
        return Row(self.wording.space.join(question), name, self.wording.reasoning(rng, telling, name))

    def name(self, answer: Sequence[str], rng: random.Random) -> str:
        """An answer of some words, joined as label names are."""
        return rng.choice((self.wording.space, "_")).join(answer)


def repeated(given: Words, rng: random.Random) -> Row:
    """The whole question, then the answer."""
    text, name = given.wording.space.join(given.text(rng, 3, MOST_WORDS)), given.name(given.text(rng, 1, 3), rng)
    return Row(text, name, given.wording.repeated.format(words=text, answer=name))


def quoted(given: Words, rng: random.Random) -> Row:
    """A few words of the question, in their order."""
    text = given.text(rng, 3, MOST_WORDS)
    places = sorted(rng.sample(range(len(text)), rng.randint(1, 3)))
    return given.row(text, given.text(rng, 1, 3), rng, [text[place] for place in places])


def shared(given: Words, rng: random.Random) -> Row:
    """The word that question and answer have in common."""
    text, answer = given.text(rng, 3, MOST_WORDS), given.text(rng, 0, 2)
    word = rng.choice(text)
    answer.insert(rng.randint(0, len(answer)), word)
    return given.row(text, answer, rng, [word])


FAMILIES: tuple[Callable[[Words, random.Random], Row], ...] = (repeated, quoted, repeated, shared, repeated, quoted)
