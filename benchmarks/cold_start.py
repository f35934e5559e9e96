"""How long does it take from the start of a program to its first answer?

`Classifier.load` and a text against a program that does nothing but `import torch, transformers`, which it cannot do without.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import bundles
from benchmarks.harness import Result, alternate, main

ANSWER = "import sys; from gencls import Classifier; Classifier.load(sys.argv[1]).predict(['where is my parcel?'])"
IMPORTS = "import torch, transformers"


def run(smoke: bool) -> list[Result]:
    """One question."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = bundles.make(Path(folder), bundles.data(16), smoke=smoke)
        ours_s, peer_s = alternate(lambda: _run(ANSWER, str(bundle)), lambda: _run(IMPORTS), 0 if smoke else 1)
    return [Result("cold start", "builtin", ours_s, IMPORTS, peer_s, 1 / 1.3, "at most 1.3x its time")]


def _run(*command: str) -> None:
    subprocess.run([sys.executable, "-c", *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main(run)
