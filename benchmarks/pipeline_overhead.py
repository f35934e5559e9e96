"""Which share of a default run from scratch is not training, scoring or data work, but starting programs, importing, asking DVC?

`dvc repro` in a copy of the repository with an empty cache: its wall time against what the stages themselves noted in .gencls/timings,
which what a stage imports only when it comes to it is part of. So that this takes minutes, training is cut to one epoch of the many, and
the epochs left out are added to both sides, each as long as its stage took with one: what is beside the work is measured, and hangs on no
epoch. RL learns from one row in twenty, which SFT leaves to it, and what that saves is not added. The page also has the share of the run
that was cut short.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Result, main, seconds

ROOT = Path(__file__).parents[1]
SHARE = 0.2
SHORTENED = ("base", "sft")
"""Stages that train for one epoch here."""
ROWS = {"train": 1500, "validation": 100, "test": 200}
"""Half of the default data set's to train on, a fifth to be asked about: the work that this spares counts against us."""
HELD_OUT = 0.05
"""Share of the rows that RL learns from here."""
SMOKE = ["validate"]
"""Targets of a smoke run: stages that train no network."""


def run(smoke: bool) -> list[Result]:
    """One run."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        epochs = _copy(project)
        environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        settings = environment | {"DVC_SITE_CACHE_DIR": str(project / "site")}
        command = [sys.executable, "-m", "dvc", "repro", *(SMOKE if smoke else [])]
        wall_s = seconds(lambda: subprocess.run(command, cwd=project, env=settings, check=True, stdout=subprocess.DEVNULL))
        stages = [json.loads(file.read_text(encoding="utf-8")) for file in (project / ".gencls/timings").glob("*.json")]
    work_s = sum(stage["seconds"] for stage in stages)
    left_s = sum((epochs.get(stage["stage"], 1) - 1) * stage["seconds"] for stage in stages)
    shape, demand = f"{len(stages)} stages", f"at most {SHARE:.0%} of the time beside the work"
    beside_s = wall_s - work_s
    note = (
        f"{beside_s:.0f} s beside the work, measured in a run of {wall_s:.0f} s with one epoch a training, of which that is "
        f"{beside_s / wall_s:.0%}; {left_s:.0f} s of both times are the epochs left out"
    )
    return [Result("dvc repro from scratch", shape, wall_s + left_s, "the work in it", work_s + left_s, 1 - SHARE, demand, note=note)]


def _copy(project: Path) -> dict[str, int]:
    """The repository as it lies here, without what it has computed, as a git repository of its own; returns the epochs of a whole run."""
    from ruamel.yaml import YAML

    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if name != "dvc.lock" and (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load((ROOT / "presets/default.yaml").read_text(encoding="utf-8"))
    epochs = {name: content[name]["epochs"] for name in SHORTENED}
    for name in SHORTENED:
        content[name]["epochs"] = 1
    content["rl"]["holdout"] = HELD_OUT
    content["datasets"]["intents"]["rows"] = ROWS
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    return epochs


if __name__ == "__main__":
    main(run)
