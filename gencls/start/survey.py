"""What the rows are like: language, classes, duplicates, lengths, and what is doubtful about them."""

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gencls.alike import plain

Script = Literal["en", "zh", "other"]

READ = 2000
"""Texts whose script is counted."""
EXAMPLES = 3
UNEQUAL = 20
"""Times that one class may be larger than another without a word."""
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
BETWEEN = re.compile(r"[\s_-]+")
"""What `Log in`, `log-in` and `Login` differ in."""
SEPARATORS = re.compile(r"[,;|/+]")
"""Between several labels of a cell."""


@dataclass(frozen=True)
class Survey:
    """Of all rows, before they are split."""

    frame: pd.DataFrame
    """Columns text and label; a missing or blank cell is null."""
    script: Script
    doubts: list[str]

    @property
    def complete(self) -> pd.DataFrame:
        """Rows with a text and a label."""
        return self.frame.dropna()

    @property
    def classes(self) -> dict[str, int]:
        """Rows per label, the largest class first."""
        return {str(label): int(rows) for label, rows in self.complete["label"].value_counts().items()}

    @property
    def language(self) -> Literal["en", "zh"]:
        """Of the prompt that suits."""
        return "zh" if self.script == "zh" else "en"

    @property
    def lengths(self) -> tuple[int, int, int]:
        """Characters of a text: median, 95th percentile, most."""
        at = np.percentile(self.complete["text"].str.len(), [50, 95, 100], method="nearest")
        return int(at[0]), int(at[1]), int(at[2])


def survey(frame: pd.DataFrame) -> Survey:
    """Look at rows with columns text and label."""
    found = script("".join(frame["text"].dropna().head(READ)))
    doubts = [*_missing(frame), *_repeated(frame.dropna()), *_labels(frame["label"].dropna())]
    if found == "other":
        doubts.append(
            "the texts are in neither Latin nor Chinese script: the prompts will be in English, around texts as they are. --language"
        )
    return Survey(frame, found, doubts)


def script(text: str) -> Script:
    """`zh` for Chinese characters without kana, `en` for Latin letters, whatever the language: prompts are in English or Chinese."""
    letters = [c for c in text if c.isalpha()]
    chinese, kana = sum(map(is_ideograph, letters)), sum("\u3040" <= c <= "\u30ff" for c in letters)
    if chinese > 0.3 * len(letters):
        return "other" if kana > 0.1 * len(letters) else "zh"
    latin = sum(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in letters)
    return "en" if latin >= 0.5 * len(letters) else "other"


def is_ideograph(character: str) -> bool:
    """Whether a character is one of the unified Chinese ones."""
    return "\u3400" <= character <= "\u9fff"


def _missing(frame: pd.DataFrame) -> list[str]:
    counts = {column: int(frame[column].isna().sum()) for column in ("text", "label")}
    return [
        f"{n} rows have no {column}, or nothing but white space: validate will stop; fill or remove them in the file"
        for column, n in counts.items()
        if n
    ]


def _repeated(rows: pd.DataFrame) -> list[str]:
    """Copies, which stay in one split, and one text under two labels."""
    text = rows["text"].str.strip()
    copies, conflicts = int(text.duplicated().sum()), int((rows["label"].groupby(text).nunique() > 1).sum())
    near = int(text.map(plain).duplicated().sum()) - copies
    found = [f"{copies} rows repeat the text of another; equal texts will stand in one split"] if copies else []
    found += [f"{near} rows repeat another but for case, punctuation and white space; these too will stand in one split"] if near else []
    return [*found, *([f"{conflicts} texts have two labels or more"] if conflicts else [])]


def _labels(labels: "pd.Series[str]") -> list[str]:
    """Classes too small to learn, or small beside others, and names that say nothing, look like one, or are several."""
    counts, doubts = Counter(labels), []
    if not counts:
        return []
    if all(map(NUMBER.fullmatch, counts)):
        names = ", ".join(f"{json.dumps(label)}: …" for label in sorted(counts)[:EXAMPLES])
        doubts.append(
            f"the labels are numbers, from which a model learns less than from names: labels: {{{names}}} in params.yaml gives some"
        )
    if max(counts.values()) > UNEQUAL * min(counts.values()):
        doubts.append(
            f"the largest class has more than {UNEQUAL} times the rows of the smallest: look at macro-F1; sft.class_weights: balanced"
        )
    single = sorted(label for label, n in counts.items() if n == 1)
    if single:
        doubts.append(f"{len(single)} classes have a single row, which will be in training: {some(single)}")
    alike: dict[str, list[str]] = {}
    for label in sorted(counts):
        alike.setdefault(label if NUMBER.fullmatch(label) else BETWEEN.sub("", label.casefold()) or label, []).append(label)
    one = "labels in params.yaml gives them one name"
    doubts += [f"one class or several? {', '.join(map(repr, names))}: {one}" for names in alike.values() if len(names) > 1]
    several = sorted(label for label in counts if _are(SEPARATORS.split(label), counts))
    if several:
        doubts.append(f"{len(several)} labels look like several, and are classes of their own here: {some(several)}")
    return doubts


def _are(parts: list[str], labels: Counter[str]) -> bool:
    """Whether the parts of a label are labels themselves."""
    return len(parts) > 1 and all(part.strip() in labels for part in parts)


def some(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    return ", ".join(names[:EXAMPLES]) + (f" and {len(names) - EXAMPLES} more" if len(names) > EXAMPLES else "")
