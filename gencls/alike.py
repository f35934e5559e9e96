"""When two texts are one to a reader: `Where is it?` and `where is it`. In two splits they flatter a model as a copy does."""

import re
import unicodedata

MARKS = re.compile(r"[\W_]")


def plain(text: str) -> str:
    """Without case, punctuation and white space around words; a text of nothing else stays, but for the white space around it.

    Vowel signs, emoji and the like stay: they mean something.
    """
    worded = MARKS.sub(lambda found: " " if unicodedata.category(found[0])[0] in "PZC" else found[0], text.casefold())
    return " ".join(worded.split()) or text.strip()
