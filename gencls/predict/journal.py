"""What was predicted before a kill: a file beside OUT, one line per chunk, gone when OUT is complete.

    {"key": …}                    which model, input and options these are of
    [{prediction}, …]             the first chunk
    [{prediction}, …]             …

OUT itself is written anew by every start, from these lines and then from the model, and moves into place at the end. So all formats go on
in the same way, and the bytes are those of a run that nobody killed: a chunk is scored whole or not at all.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gencls.progress import say


class Journal:
    """Chunks of predictions under a key.

    Args:
        path: the file; what it holds under another key is thrown away.
        key: everything that an answer depends on.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, json.dumps({"key": key}) + "\n"
        self.rows = sum(len(chunk) for chunk in self._kept())
        """Predictions that are there."""
        self._file = path.open("ab")

    def chunks(self) -> Iterator[list[dict[str, Any]]]:
        """Those that were there at the start, in order."""
        left = self.rows
        with self._path.open("rb") as file:
            file.readline()
            while left:
                chunk = json.loads(file.readline())
                left -= len(chunk)
                yield chunk

    def append(self, chunk: list[dict[str, Any]]) -> None:
        """Add a chunk; from now on a kill does not lose it."""
        self._file.write(json.dumps(chunk).encode() + b"\n")
        self._file.flush()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Keep the file for the next start, and say so to who pressed Ctrl-C."""
        self._file.close()
        if kind is KeyboardInterrupt:
            say("stopped; the same command goes on from there")

    def remove(self) -> None:
        """OUT is complete."""
        self._path.unlink()

    def _kept(self) -> Iterator[list[Any]]:
        """Complete lines under the key; the rest, a line that was being written, is cut off."""
        if not self._path.exists():
            self._path.write_bytes(self._key.encode())
            return
        with self._path.open("r+b") as file:
            if file.readline() != self._key.encode():
                file.seek(0)
                file.truncate()
                file.write(self._key.encode())
                return
            end = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                yield json.loads(line)
            file.truncate(end)
