"""What does the Prefect flow cost over `dvc repro` when nothing is to be done, in a project of 60 stages?

A project of its own in a temporary folder, its stages done once; a server is up. The flow reads the graph, asks DVC what has changed and
reports every stage.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

from benchmarks.harness import Result, alternate, main

ROOT = Path(__file__).parents[1]
STAGES, MORE_S = 60, 4.0
DAG = """\
stages:
  first:
    matrix:
      n: {numbers}
    cmd: mkdir -p first && echo ${{item.n}} > first/${{item.n}}
    params:
      - seed
    outs:
      - first/${{item.n}}
  second:
    matrix:
      n: {numbers}
    cmd: mkdir -p second && cp first/${{item.n}} second/${{item.n}}
    deps:
      - first/${{item.n}}
    outs:
      - second/${{item.n}}
  third:
    matrix:
      n: {numbers}
    cmd: mkdir -p third && cp second/${{item.n}} third/${{item.n}}
    deps:
      - second/${{item.n}}
    outs:
      - third/${{item.n}}
"""


def run(smoke: bool) -> list[Result]:
    """One project."""
    from flows import server

    stages, rounds = (6, 0) if smoke else (STAGES, 1)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        environment = _make(project, stages)
        with chdir(project):  # prefect.toml is read, and its folder made, where a command starts
            server.start(server.free_port())

        def call(*module: str) -> None:
            subprocess.run(
                [sys.executable, "-m", *module],
                cwd=project,
                env=environment | {"PREFECT_API_URL": os.environ["PREFECT_API_URL"]},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )

        call("dvc", "repro")
        flow_s, repro_s = alternate(lambda: call("flows.pipeline"), lambda: call("dvc", "repro"), rounds)
    demand = f"at most {MORE_S:g} s more"
    return [Result("nothing to do", f"{stages} stages", flow_s, "dvc repro", repro_s, repro_s / (repro_s + MORE_S), demand)]


def _make(project: Path, stages: int) -> dict[str, str]:
    """Write the project; returns the environment of its commands."""
    (project / "dvc.yaml").write_text(DAG.format(numbers=[f"n{i}" for i in range(stages // 3)]), encoding="utf-8")
    for name in ("params.yaml", "prefect.toml"):
        shutil.copy(ROOT / name, project)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "DVC_SITE_CACHE_DIR": str(project / "site")}
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=project, env=environment, check=True)
    shutil.copy(ROOT / ".dvc/config", project / ".dvc")
    return environment


if __name__ == "__main__":
    main(run)
