"""Work in two processes that torchrun starts, over real gloo."""

import os
import subprocess
import sys
from pathlib import Path


def run(work: str, base: Path, folder: Path) -> None:
    """Run the program `work` in both; its arguments are the folder of the tests, `base` and `folder`."""
    file = folder / "work.py"
    file.write_text(work)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([*command, str(Path(__file__).parent), str(base), str(folder)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
