"""The marked rows as a csv for a person with a spreadsheet: what the models doubt, and empty columns for what the person decides.

A text that a spreadsheet would run as a formula gets an apostrophe in front, which makes it text there (OWASP, "CSV injection"). Only
`text` is treated so: it is there to be read, while `id` and `label` say which row is meant and must come back as they are. The file
begins with a byte order mark, without which Excel takes UTF-8 for the code page of the machine.
"""

import csv
from pathlib import Path

import pandas as pd

SHOWN = ["id", "text", "label", "suggested", "confidence"]
DECIDED = ["new_label", "drop", "who", "why"]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings of a formula; a spreadsheet set to Chinese or Japanese takes the wide ones too."""


def write(marked: pd.DataFrame, path: Path) -> None:
    """One line per row of `marks.marked`, in its order; stable bytes, every text quoted."""
    frame = marked[SHOWN].assign(text=marked["text"].map(defused), **dict.fromkeys(DECIDED, ""))
    frame.to_csv(path, index=False, encoding="utf-8-sig", float_format="%.6f", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def defused(text: str) -> str:
    """The text as no spreadsheet would run it."""
    return f"'{text}" if text.startswith(FORMULA) else text
