"""Which share of a default run from scratch is not training, scoring or data work, but starting programs, importing, asking DVC?

`dvc repro` in a copy of the repository with an empty cache: its wall time against what the stages themselves noted in .gencls/timings.
Training is cut short, so that this takes minutes: what is not work stays the same, and its share of a whole run is smaller than here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, main, seconds

ROOT = Path(__file__).parents[1]
SHARE = 0.2
SHORTER: dict[str, dict[str, Any]] = {"base": {"epochs": 3}, "sft": {"epochs": 1}}
SMOKE = ["baseline"]
"""Targets of a smoke run: stages that train no network."""


def run(smoke: bool) -> list[Result]:
    """One run."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        _copy(project)
        environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        settings = environment | {"DVC_SITE_CACHE_DIR": str(project / "site")}
        command = [sys.executable, "-m", "dvc", "repro", *(SMOKE if smoke else [])]
        wall_s = seconds(lambda: subprocess.run(command, cwd=project, env=settings, check=True, stdout=subprocess.DEVNULL))
        stages = [json.loads(file.read_text(encoding="utf-8")) for file in (project / ".gencls/timings").glob("*.json")]
    work_s = sum(stage["seconds"] for stage in stages)
    shape, demand = f"{len(stages)} stages, training cut short", f"at most {SHARE:.0%} of the time beside the work"
    return [Result("dvc repro from scratch", shape, wall_s, "the work in it", work_s, 1 - SHARE, demand)]


def _copy(project: Path) -> None:
    """The repository as it lies here, without what it has computed, as a git repository of its own."""
    from ruamel.yaml import YAML

    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if name != "dvc.lock" and (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load((ROOT / "presets/default.yaml").read_text(encoding="utf-8"))
    for section, changes in SHORTER.items():
        content[section] |= changes
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)


if __name__ == "__main__":
    main(run)
