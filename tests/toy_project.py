"""A small DVC project in a git repository: two data sets, a model for each, one report. Its stages sleep and copy params.yaml.

ingest@a → sft@a ┐
ingest@b → sft@b ┴→ report
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from flows import dag
from flows.execute import Executor, Outcome

PARAMS = """\
seed: 7

datasets:
  a:
    source: builtin
  b:
    source: builtin

strategies:
  zero_shot: {}

grid:
  train:
    - zero_shot
  infer:
    - zero_shot

sft:
  epochs: 2

report:
  title: toy              # a comment that must survive
"""

DAG = """\
stages:
  ingest:
    matrix:
      ds: ${datasets}
    cmd: python work.py 0 data/${item.ds}
    params:
      - seed
    outs:
      - data/${item.ds}
  sft:
    matrix:
      ds: ${datasets}
    cmd: python work.py SECONDS models/${item.ds} data/${item.ds}
    params:
      - sft
    deps:
      - data/${item.ds}
      - work.py
    outs:
      - models/${item.ds}
  report:
    cmd: python work.py 0 reports/report.html models/a models/b
    params:
      - report
    deps:
      - models/a
      - models/b
    outs:
      - reports/report.html
    metrics:
      - reports/metrics.json:
          cache: false
"""

WORK = """\
import json, os, pathlib, sys, time

seconds, out, *deps = sys.argv[1:]
if pathlib.Path(out).name in os.environ.get("TOY_FAIL", "").split():
    sys.exit(f"{out}: told to fail")
print("threads", os.environ.get("OMP_NUM_THREADS"), "devices", os.environ.get("CUDA_VISIBLE_DEVICES"))
time.sleep(float(seconds))
target = pathlib.Path(out)
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text("".join(pathlib.Path(dep).read_text() for dep in deps) + pathlib.Path("params.yaml").read_text())
if target.suffix == ".html":
    scores = {ds: {"sft": {"accuracy": 0.9, "macro_f1": 0.875, "rows": 10}} for ds in "ab"}
    pathlib.Path("reports/metrics.json").write_text(json.dumps(scores))
"""

IGNORED = "/data\n/models\n/reports/*\n!/reports/metrics.json\n/.gencls/\n/.prefect/\n/site/\n"


def make(root: Path, seconds: float = 0) -> Path:
    """Write the project and commit it; `seconds` is how long an sft cell takes. Nothing has run yet."""
    root.mkdir(parents=True, exist_ok=True)
    files = {"params.yaml": PARAMS, "dvc.yaml": DAG.replace("SECONDS", str(seconds)), "work.py": WORK, ".gitignore": IGNORED}
    for name, text in files.items():
        (root / name).write_text(text)
    run(root, "git", "init", "--quiet")
    run(root, "git", "config", "user.name", "T")
    run(root, "git", "config", "user.email", "t@example.com")
    dvc(root, "init", "--quiet")
    (root / ".dvc/config").write_text(f"[core]\n    analytics = false\n    check_update = false\n    site_cache_dir = {root / 'site'}\n")
    run(root, "git", "add", "--all")
    run(root, "git", "commit", "--quiet", "--message", "toy")
    return root


def edit(file: Path, before: str, after: str) -> None:
    """Put `after` where `before` stands first."""
    text = file.read_text()
    assert before in text, f"{file}: {before!r}"
    file.write_text(text.replace(before, after, 1))


def dvc(root: Path, *arguments: str) -> str:
    """Output of a dvc command."""
    return run(root, sys.executable, "-m", "dvc", *arguments)


def run(root: Path, *command: str) -> str:
    """Output of a command; its error is shown."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def left_in(root: Path) -> list[str]:
    """Command lines of the processes that work in the project or in a copy of it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(root)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def running(root: Path) -> int:
    """How many stages run that take a minute: the commands themselves, not the shell and the `dvc` around them."""
    return sum(line.startswith("python work.py 60") for line in left_in(root))


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    """Fail when it takes longer."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def nodes(root: Path, *targets: str, force: bool = False) -> dict[str, dag.Node]:
    return {node.name: node for node in dag.read(root, list(targets), force=force)}


def bring_up(root: Path, *targets: str) -> dict[str, Outcome]:
    executor = Executor(root, jobs=2)
    return {node.name: executor.run(node, (), lambda line: None) for node in dag.read(root, list(targets))}
