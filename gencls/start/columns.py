"""Which column is the text and which the label, from what their cells are like and, between equals, from their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gencls.errors import InputError
from gencls.sources.rows import Record
from gencls.start.survey import is_ideograph

TEXT_NAMES = ("text", "message", "sentence", "content", "body", "utterance", "query", "comment", "review", "文本", "内容", "正文", "句子")
LABEL_NAMES = ("label", "class", "category", "intent", "target", "topic", "queue", "sentiment", "emotion", "tag", "标签", "类别", "分类")
SPLIT_NAMES = ("train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval")
DIFFERENT = 0.5
"""Share of a text column's cells that differ from each other, at least."""
PER_CLASS = 3
"""Rows that a label has on average, at least."""
LONGEST_LABEL = 60
"""Characters of a label on average, at most."""
MEASURED = re.compile(r"-?\d*[.,](?!0$)\d+|\d{1,4}([-/.])\d{1,2}\1\d{1,4}.*")
"""Fractions and dates, which are no classes; but `1.0` is how pandas writes the number of one in a column where some are missing."""
LONGER = 3
"""A column whose cells are so many times longer than those of the next is taken for the text."""
EXAMPLE = 50


class ColumnError(InputError):
    """It cannot be told which column is meant; the message lists the candidates."""


@dataclass(frozen=True)
class Column:
    """What is known of a column."""

    name: str
    cells: list[str]
    """Those that are not blank, as text."""

    @property
    def classes(self) -> int:
        """Cells that differ."""
        return len(set(self.cells))

    @property
    def length(self) -> float:
        """Mean characters."""
        return sum(map(len, self.cells)) / len(self.cells)

    def __str__(self) -> str:
        return f"{self.name!r} ({self.classes} different, {self.length:.0f} characters on average, such as {self.cells[0][:EXAMPLE]!r})"


def columns(records: Sequence[Record]) -> list[Column]:
    """Columns that have plain cells, in order."""
    names = dict.fromkeys(name for record in records for name in record)
    cells = {name: [record.get(name) for record in records] for name in names}
    plain = {
        name: [str(cell) for cell in found if isinstance(cell, str | bool | int | float) and str(cell).strip()]
        for name, found in cells.items()
    }
    return [Column(name, found) for name, found in plain.items() if found]


def text_column(found: Sequence[Column]) -> tuple[str, list[str]]:
    """(name, doubts) of the column to classify.

    Raises:
        ColumnError: none reads like text, or several do.
    """
    candidates = sorted((column for column in found if _reads(column)), key=lambda column: -column.length)
    if not candidates:
        raise ColumnError(f"no column reads like text; name it: --text. Columns:{_listed(found)}")
    named = [column for column in candidates if _called(column, TEXT_NAMES)]
    first, others = candidates[0], candidates[1:]
    if not others:
        return first.name, []
    if first.length >= LONGER * others[0].length:
        return first.name, [f"{_names(others)} could be text too, but {first.name!r} is much longer. If that is wrong: --text"]
    if len(named) == 1:
        rest = [column for column in candidates if column is not named[0]]
        return named[0].name, [f"{_names(rest)} could be text too; {named[0].name!r} was taken for its name. If that is wrong: --text"]
    template = "".join(f"{{{column.name}}} " for column in candidates[:2]).strip()
    raise ColumnError(
        f"{len(candidates)} columns read like text; name one: --text, or several as a template: --text {template!r}:{_listed(candidates)}"
    )


def label_column(found: Sequence[Column], text: str) -> tuple[str, list[str]]:
    """(name, doubts) of the column with the labels; `text` is that of the text, or a template.

    Raises:
        ColumnError: none has classes, or several do.
    """
    others = [column for column in found if column.name != text and f"{{{column.name}}}" not in text and not _names_splits(column)]
    candidates = _without_codes([column for column in others if _has_classes(column)])
    if not candidates:
        raise ColumnError(
            f"no column has classes (2 or more, of {PER_CLASS} rows on average); name it: --label. Columns:{_listed(others or found)}"
        )
    named = [column for column in candidates if _called(column, LABEL_NAMES)]
    if len(candidates) > 1 and len(named) != 1:
        raise ColumnError(f"{len(candidates)} columns have classes; name one: --label:{_listed(candidates)}")
    chosen = candidates[0] if len(candidates) == 1 else named[0]
    rest = [column for column in candidates if column is not chosen]
    return chosen.name, [
        f"{_names(rest)} could be labels too; {chosen.name!r} was taken for its name. If that is wrong: --label"
    ] if rest else []


def split_column(found: Sequence[Column]) -> list[str]:
    """A doubt where a column says which split a row is of."""
    kept = "all rows are split anew; a file per split keeps them, files: {train: …, test: …} in params.yaml"
    return [f"{column.name!r} names splits, which are not kept: {kept}" for column in found if _names_splits(column)]


def _names_splits(column: Column) -> bool:
    return column.classes > 1 and all(cell.strip().lower() in SPLIT_NAMES for cell in column.cells)


def _reads(column: Column) -> bool:
    """Mostly different cells, most of them with letters in several words or in a script that is not spaced."""
    worded = [cell for cell in column.cells if _letters(cell) >= len(cell) / 2 and (" " in cell.strip() or any(map(is_ideograph, cell)))]
    return column.classes >= DIFFERENT * len(column.cells) and len(worded) >= len(column.cells) / 2


def _letters(cell: str) -> int:
    return sum(c.isalpha() for c in cell)


def _has_classes(column: Column) -> bool:
    measured = any(MEASURED.fullmatch(cell) for cell in column.cells)
    return 2 <= column.classes <= len(column.cells) / PER_CLASS and column.length <= LONGEST_LABEL and not measured


def _without_codes(candidates: list[Column]) -> list[Column]:
    """Without numbers that stand for the names of another column."""
    names = [column for column in candidates if any(map(_letters, column.cells))]
    return [column for column in candidates if column in names or not any(_same_classes(column, other) for other in names)]


def _same_classes(a: Column, b: Column) -> bool:
    return len(a.cells) == len(b.cells) and a.classes == b.classes == len(set(zip(a.cells, b.cells, strict=True)))


def _called(column: Column, names: Sequence[str]) -> bool:
    words = set(re.split(r"[\W_]+", column.name.lower()))
    return any(name in words or (not name.isascii() and name in column.name) for name in names)


def _names(found: Sequence[Column]) -> str:
    return ", ".join(repr(column.name) for column in found)


def _listed(found: Sequence[Column]) -> str:
    return "".join(f"\n  {column}" for column in found)
