"""What all corpora share: a row, and a digest over rows."""

import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple

from gencls.errors import InputError


class CorpusError(InputError):
    """A corpus cannot be read; the message names the file, the row or the column, and what to do."""


class Row(NamedTuple):
    """One example of why an answer is right."""

    question: str
    answer: str
    reasoning: str


def digest(rows: Iterable[Row]) -> str:
    """sha256 over all rows, in order; independent of file format and platform."""
    sha = hashlib.sha256()
    for row in rows:
        sha.update(json.dumps(row).encode() + b"\n")
    return sha.hexdigest()
