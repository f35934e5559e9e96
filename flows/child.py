"""Child processes under `flows.guard`: none of them outlives this process, however it dies. Nor does this one outlive who serves it."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO

from gencls.errors import InputError
from tasks import paths

GUARD = Path(__file__).with_name("guard.py")

DVC = (sys.executable, "-m", "dvc", "--wait-for-lock")
DVC_SPARE = 5.0
"""Seconds in which an interrupted `dvc` may finish its bookkeeping, once what it runs has been ended."""


class CommandError(InputError):
    """A command left with an error; the message is its output."""


Process = subprocess.Popen[str]


def spawn(command: tuple[str, ...], cwd: Path, env: Mapping[str, str] | None = None, output: int | IO[str] = subprocess.PIPE) -> Process:
    """Start a command in its own process group. Closing its stdin ends it, and so does the end of this process."""
    spare = DVC_SPARE if command[: len(DVC)] == DVC else 0.0
    return subprocess.Popen(
        [sys.executable, str(GUARD), str(spare), *command],
        cwd=cwd,
        env=environment() | dict(env or {}),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )


def environment() -> dict[str, str]:
    """Of a child: `python` in a stage's command is the one that runs us, lines arrive as they are written, nothing calls home."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    copies = os.environ.get(paths.COPIES)  # which may be relative to this folder, not to the copy in which a child works
    here = {paths.COPIES: str(Path(copies).resolve())} if copies else {}
    return {**os.environ, **here, "PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"}


class Child:
    """A command whose lines are read as they come."""

    def __init__(self, command: tuple[str, ...], cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self._process = spawn(command, cwd, env)
        assert self._process.stdin and self._process.stdout
        self._life, self._output = self._process.stdin, self._process.stdout

    def wait(self, say: Callable[[str], None]) -> int:
        """Hand each line to `say`; returns the exit code when everything that was started has ended."""
        reader = Thread(target=self._read, args=(say,), daemon=True)
        reader.start()
        try:
            code = self._process.wait()
        except BaseException:
            self.stop()
            self._process.wait()
            raise
        # Usually nobody is left. If the guard was killed, what it guarded still lives and holds the other end of our pipe.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        reader.join()
        self._life.close()
        self._output.close()
        return code

    def stop(self) -> None:
        """Ask the guard to end everything, without waiting for that."""
        self._life.close()

    def _read(self, say: Callable[[str], None]) -> None:
        for line in self._output:
            if line.strip():
                say(line.rstrip())


def call(command: tuple[str, ...], cwd: Path) -> str:
    """Output of a command that takes seconds.

    Raises:
        CommandError: it did not leave with 0.
    """
    lines: list[str] = []
    if Child(command, cwd).wait(lines.append):
        raise CommandError(f"{' '.join(command)}:\n" + "\n".join(lines))
    return "\n".join(lines)


def end_with_parent() -> None:
    """A run of `flows.serve` is a process of its own; it goes when that one is killed, and `flows.guard` ends what it has started."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent:
            parent.join()
            os._exit(1)  # nothing politer: Prefect would go on for minutes to tell a server that is gone

    Thread(target=watch, daemon=True).start()
