"""Which columns are the text: what `--text` says, else what the bundle remembers, else what is found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gencls.errors import InputError
from gencls.predict.source import Row
from gencls.sources.rows import SourceError, Template, cell, parse_template

USUAL = "text"
SENTENCE = re.compile(r"[\s，。！？]")
"""In what is more likely a text than the name of a column."""


class ColumnError(InputError):
    """The text cannot be found; the message names the columns that are there."""


@dataclass(frozen=True)
class TextOf:
    """Takes the text from a row."""

    template: Template
    said: str
    """Column or template, for messages and the journal."""

    def __call__(self, row: Row) -> str:
        """A missing value is an empty text.

        Raises:
            SourceError: the cell holds something else than text or a number.
        """
        return self.template.fill({column: cell(row.cells.get(column), f"column {column!r}") for column in self.template.columns})


def find(given: str | None, remembered: str, columns: Sequence[str], name: str, option: str) -> TextOf:
    """The text's columns in the file `name`.

    Args:
        given: `--text`, a column or a template.
        remembered: the same of the data set that the model was trained on.
        option: what messages call `given`.

    Raises:
        ColumnError: a column is not there, or none can be told from the others.
    """
    for said in (given, remembered):
        if said is not None:
            text = TextOf(_template(said, option), said)
            missing = [column for column in text.template.columns if column not in columns]
            if not missing:
                return text
            if said == given:
                raise ColumnError(f"{name}: no column {missing[0]!r}, which {option} {given!r} needs; {_there(columns)}")
    usual = [column for column in columns if column.lower() == USUAL] if "{" not in remembered else []
    if found := usual or (list(columns) if len(columns) == 1 else []):
        if SENTENCE.search(found[0]):
            like_a_text = f"its only column is called {found[0]!r}, as where the first line is a text already"
            raise ColumnError(f"{name}: {like_a_text}; put `text` above it, or say {option}")
        return TextOf(Template([("", found[0])]), found[0])
    wanted = f"say with {option} which column is the text"
    if remembered.isdecimal():
        wanted = (
            f"it is the place of a column, from a file without a header: put a line with names above the rows, {remembered} for the text"
        )
    raise ColumnError(f"{name}: the model reads {remembered!r}, which is not there; {wanted}; {_there(columns)}")


def _template(said: str, option: str) -> Template:
    try:
        return parse_template(said) or Template([("", said)])
    except SourceError as error:
        raise ColumnError(str(error).replace("text:", f"{option}:", 1)) from None


def _there(columns: Sequence[str]) -> str:
    return f"columns there: {', '.join(map(repr, columns))}"
