"""Progress as plain lines, which a terminal, a log file and a Prefect task run all show."""

import sys
import time

SECONDS_BETWEEN_LINES = 10.0


class Ticker:
    """Says now and then how far something is and how long it will take: `scored 1200/5000, 0:20 left`.

    Args:
        what: begins the line.
        total: units of work in all.
        done: units that were done before, by a run that was killed.
    """

    def __init__(self, what: str, total: int, done: int = 0) -> None:
        self._what, self._total, self._first = what, total, done
        self._start = self._last = time.monotonic()

    def at(self, done: int, detail: str = "") -> None:
        """Report that `done` units are complete; writes at most every ten seconds."""
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN_LINES or done <= self._first:
            return
        self._last = now
        left = (now - self._start) / (done - self._first) * (self._total - done)
        say(f"{self._what} {done}/{self._total}{detail}, {clock(left)} left")


def clock(seconds: float) -> str:
    """`75.2` → `1:15`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def say(line: str) -> None:
    """One line, at once, also into a pipe."""
    print(line, file=sys.stderr, flush=True)
