"""Runs one command, and nothing of it outlives whoever asked for it, however that one dies.

    python flows/guard.py SPARE COMMAND …

* The caller holds the other end of stdin. When it closes that end, or is gone (kill -9 closes it too), the command is ended.
* The guard adopts what the command leaves behind (PR_SET_CHILD_SUBREAPER, Linux), so that a stage whose `dvc` was killed alone is still
  found among its descendants and ended.
* The guard leads its own process group: when the guard itself is killed, its caller kills the group (`flows.child`).

To end means SIGTERM, then SIGKILL after some seconds. The command itself is spared for SPARE seconds, only what it started is ended at
once: `dvc` writes dvc.lock in place, and must not be cut while it does.
"""

import ctypes
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil

PATIENCE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
PR_SET_CHILD_SUBREAPER = 36


def main(spare: float, command: list[str]) -> int:
    """Run the command to its end; the exit code is the command's, 128 + signal where it was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_caller, args=(child, spare), daemon=True).start()
    code = child.wait()
    _end_descendants()
    return code if code >= 0 else 128 - code


def _end_with_caller(child: "subprocess.Popen[bytes]", spare: float) -> None:
    while os.read(0, 1):
        pass
    _end_descendants(child, spare)


def _end_descendants(spared: "subprocess.Popen[bytes] | None" = None, spare: float = 0.0) -> None:
    """SIGTERM once for each descendant, SIGKILL when patience is over; `spared` only after `spare` seconds."""
    start, asked = time.monotonic(), set()
    while spared is None or spared.poll() is None:
        age = time.monotonic() - start
        alive = _descendants()
        if spared is None and not alive:
            return
        for process in alive:
            if spared is not None and process.pid == spared.pid and age < spare:
                continue
            with suppress(psutil.NoSuchProcess):
                if age > spare + PATIENCE:
                    process.kill()
                elif process not in asked:
                    asked.add(process)
                    process.terminate()
        time.sleep(0.05)


def _descendants() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
