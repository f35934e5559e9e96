"""What is kept of a row so that two sets of rows can be compared: the answer, its confidence, and how strange the text is.

Strange is what the training texts do not show. `Known` holds their characters and, of their tokens, those that stand in at least two
training texts, the most frequent first; so a word of a single text, which may be a name, is not in it. A token is a word in lower case;
Chinese is not separated by spaces, so there a token is a pair of neighbouring characters.

How unlike a text is to the training texts is the mean surprise of its tokens in bits, -log2 p, where p is the share of the training texts'
tokens with one added to each count: all that is unknown shares one of these.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]

TOKENS = 20_000
"""Kept at most: of a larger vocabulary the rest is as unknown in validation texts as in new ones."""
UNLIKE = 10
"""Rows most unlike the training texts that are kept as a whole."""
WORD = re.compile(r"\w+")
COLUMNS = ("predicted", "confidence", "abstained", "unseen_characters", "unseen_tokens", "bits")


class Known(BaseModel):
    """What the training texts show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Language
    characters: str
    """Each once, in order; white space apart."""
    tokens: dict[str, int]
    """Token → training texts that hold it, the most frequent first."""

    def bits(self, found: Sequence[str]) -> float:
        """Mean surprise of a text's tokens; a text without any is as strange as one unknown token."""
        total = sum(self.tokens.values()) + len(self.tokens) + 1
        surprises = [math.log2(total / (self.tokens.get(token, 0) + 1)) for token in found] or [math.log2(total)]
        return sum(surprises) / len(surprises)


@dataclass(frozen=True)
class Row:
    """A row of the list of those most unlike the training texts."""

    bits: float
    place: str
    text: str
    predicted: str | None
    confidence: float


def tokens(text: str, language: Language) -> list[str]:
    """Words in lower case; for `zh` pairs of neighbouring characters within a run of letters, a single one by itself."""
    words = WORD.findall(text.lower())
    if language == "en":
        return words
    return [pair for word in words for pair in ([word[i : i + 2] for i in range(len(word) - 1)] or [word])]


def known(texts: Sequence[str], language: Language) -> Known:
    """Of the training texts."""
    holding = Counter(token for text in texts for token in set(tokens(text, language)))
    often = sorted(((token, n) for token, n in holding.items() if n > 1), key=lambda item: (-item[1], item[0]))
    characters = "".join(sorted({character for text in texts for character in text if not character.isspace()}))
    return Known(language=language, characters=characters, tokens=dict(often[:TOKENS]))


class Readings:
    """Rows as they come; memory grows by six numbers a row, texts are kept of the strangest only."""

    def __init__(self, known: Known) -> None:
        self._known, self._characters = known, frozenset(known.characters)
        self._rows: list[tuple[str | None, float, bool, float, float, float]] = []
        self._unlike: list[tuple[float, int, Row]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, place: str, text: str, predicted: str | None, confidence: float, *, abstained: bool) -> None:
        """Read one more row; `place` is what a person finds it by."""
        found = tokens(text, self._known.language)
        characters = [character for character in text if not character.isspace()]
        unseen = _share(sum(character not in self._characters for character in characters), len(characters))
        unknown = _share(sum(token not in self._known.tokens for token in found), len(found))
        bits = self._known.bits(found)
        self._rows.append((predicted, confidence, abstained, unseen, unknown, bits))
        entry = (bits, -len(self._rows), Row(bits, place, text, predicted, confidence))  # of equals the earlier row counts more
        if len(self._unlike) < UNLIKE:
            heapq.heappush(self._unlike, entry)
        else:
            heapq.heappushpop(self._unlike, entry)

    @property
    def unlike(self) -> list[Row]:
        """The rows with the most bits, the strangest first."""
        return [row for _, _, row in sorted(self._unlike, reverse=True)]

    def frame(self) -> pd.DataFrame:
        """A row per row, `COLUMNS`; six digits, so that the same rows give the same bytes."""
        frame = pd.DataFrame(self._rows, columns=list(COLUMNS))
        return frame.astype({"predicted": "str", "abstained": "bool"}).round(6)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
