"""One stage: a `dvc repro --single-item` child, and what DVC did with it.

Side by side, `jobs` stages share the cores: each gets cores / jobs threads. A number that the user has exported wins. Threads change the
order in which floats are added, so results may differ by rounding between two values of `jobs`, not by more.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from flows.child import DVC, Child
from flows.dag import Node
from gencls.affinity import cores

Did = Literal["Cached", "Restored", "Completed", "Failed", "Skipped", "Stopped"]

MARKS: tuple[tuple[str, Did], ...] = (
    ("didn't change, skipping", "Cached"),
    ("is cached - skipping run, checking out outputs", "Restored"),
    ("Running stage '", "Completed"),
)
"""What `dvc repro` says first about a stage (stage/__init__.py, stage/cache.py and stage/run.py of dvc 3.67)."""

CHATTER = ("To track the changes with git", "\tgit add ", "To enable auto staging", "\tdvc config core.autostage", "Use `dvc push`")
"""Starts of lines in which DVC gives the same advice after every stage."""

PREFACE = re.compile(r"ERROR: (failed to reproduce '[^']*': )?(failed to run: )?")
"""What comes before the cause in DVC's error."""

MESSAGES: dict[Did, str] = {
    "Cached": "nothing it depends on has changed",
    "Restored": "from DVC's cache",
    "Stopped": "the run was stopped",
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Outcome:
    """What DVC did with a stage."""

    did: Did
    message: str


class Executor:
    """Runs stages of one workspace; `stop` ends those that run and lets no other start."""

    def __init__(self, root: Path, jobs: int, *, force: bool = False) -> None:
        self._root = root
        self._repro = (*DVC, "repro", "--single-item", *(["--force"] if force else []))
        self._threads = {name: str(max(1, cores() // jobs)) for name in THREADS if name not in os.environ}
        self._lock = Lock()
        self._running: set[Child] = set()
        self._stopped = False

    def run(self, node: Node, devices: Sequence[str], say: Callable[[str], None]) -> Outcome:
        """Bring one stage up to date on these CUDA devices (none given: as the environment has it); its lines go to `say`."""
        if not node.may_run:
            return Outcome("Cached", MESSAGES["Cached"])
        lines: list[str] = []

        def keep(line: str) -> None:
            if not line.startswith(CHATTER):
                lines.append(line)
                say(line)

        start = time.monotonic()
        child = self._start(node.name, devices)
        code = child.wait(keep) if child else -1
        with self._lock:
            self._running.discard(child)
            if self._stopped:
                return Outcome("Stopped", MESSAGES["Stopped"])
        return classify(code, lines, time.monotonic() - start)

    def stop(self) -> None:
        """End every child. Returns at once; each `run` returns when its child has ended."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                child.stop()

    def _start(self, name: str, devices: Sequence[str]) -> Child | None:
        visible = {"CUDA_VISIBLE_DEVICES": ",".join(devices)} if devices else {}
        with self._lock:
            if self._stopped:
                return None
            child = Child((*self._repro, name), self._root, self._threads | visible)
            self._running.add(child)
            return child


def classify(code: int, lines: Sequence[str], seconds: float) -> Outcome:
    """What DVC did, from its exit code and what it said."""
    if code:
        return Outcome("Failed", _why(code, lines))
    did: Did = next((did for line in lines for mark, did in MARKS if mark in line), "Completed")
    return Outcome(did, MESSAGES.get(did, f"{seconds:.1f} s"))


def _why(code: int, lines: Sequence[str]) -> str:
    """The last line of the stage, which is its own error message, and DVC's."""
    own = [line for line in lines if not line.startswith(("ERROR: ", "> ", *(mark for mark, _ in MARKS)))]
    errors = [PREFACE.sub("", line) for line in lines if PREFACE.match(line)]
    return " – ".join([*own[-1:], *(errors[-1:] or [f"dvc left with {code}"])])
