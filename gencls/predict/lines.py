"""Lines of a csv that can be read again: a double quote that is not closed must cost one line, not the file."""

from collections import deque
from collections.abc import Iterator


class Lines:
    """Lines of `file`, counted in `number`; those since `mark` can be had again but the first (`back`)."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file, self._again = file, deque[str]()
        self._since: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        """Itself."""
        return self

    def __next__(self) -> str:
        """The next line, with its end."""
        line = self._again.popleft() if self._again else next(self._file)
        self._since.append(line)
        self.number += 1
        return line

    def mark(self) -> None:
        """A row begins here."""
        self._since = []

    def back(self) -> str:
        """The first line since the mark; the others will be read once more."""
        first, *others = self._since
        self._again.extendleft(reversed(others))
        self.number -= len(others)
        return first
