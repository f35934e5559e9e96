"""When two texts are one to a reader: `Where is it?` and `where is it`. In two splits they flatter a model as a copy does."""

import re

MARKS = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Without case, punctuation and white space around words; a text of nothing else stays, but for the white space around it."""
    return MARKS.sub(" ", text.casefold()).strip() or text.strip()
