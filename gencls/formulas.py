"""Cells that a spreadsheet would run: the one rule for every csv that is written.

A cell that begins with = + - @, a tab, a carriage return or a line feed is taken for a formula, in a spreadsheet set to Chinese or Japanese
also one that begins with the wide forms of the signs; a single quote in front makes it text (OWASP, "CSV injection"). A number, as -5 or
+1e3, is none and stays a number.
"""

import re

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def defused(cell: str) -> str:
    """The cell as no spreadsheet would run it."""
    return f"'{cell}" if FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell
