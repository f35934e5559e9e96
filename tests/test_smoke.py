"""The whole DAG on tiny data, by `dvc repro` in a copy of the repository, the way a user runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gencls import Classifier, predictions

ROOT = Path(__file__).parents[1]
CHANGES: dict[str, Any] = {
    "model": {"max_length": 224},
    "datasets": {"intents": {"rows": {"train": 128, "validation": 32, "test": 32}}},
    "strategies": {"similar_3": {"shots": 1}},
    "grid": {"train": ["zero_shot"]},
    "validate": {"single_row": "warning"},
    "base": {"vocab_size": 600, "layers": 1, "width": 32, "heads": 2, "epochs": 1, "dropout": 0.0},
    "sft": {"epochs": 20, "batch_size": 8, "lr": 0.01, "unmerge": 0.0},  # until it writes labels: RL stops where no draw is ever right
    "rl": {"evaluations": 1},
    "evaluate": {"bootstrap": 50},
}


def merged(content: Any, changes: Any) -> Any:
    """`changes` laid over `content`, mapping by mapping."""
    if not isinstance(content, dict) or not isinstance(changes, dict):
        return changes
    return {**content, **{key: merged(content.get(key), value) for key, value in changes.items()}}


TINY: dict[str, Any] = merged(YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text()), CHANGES)
pytestmark = pytest.mark.smoke


class Project:
    """A copy of this repository with tiny parameters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in filter(lambda n: n != "dvc.lock" and (ROOT / n).is_file(), listed.stdout.splitlines()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        self.write(TINY)
        self("git", "init", "-q")
        self("git", "config", "user.name", "T")
        self("git", "config", "user.email", "t@example.com")
        self("git", "add", "-A")
        self("git", "commit", "-qm", "start")

    def write(self, content: dict[str, Any]) -> None:
        with (self.folder / "params.yaml").open("w") as file:
            YAML().dump(content, file)

    def __call__(self, *command: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        settings = {"PATH": path, "DVC_SITE_CACHE_DIR": str(self.folder / ".dvc/site"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env={**os.environ, **settings})
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("project"))
    made("dvc", "repro")
    return made


def ran(output: str) -> list[str]:
    return sorted(line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage"))


def test_the_pipeline_ends_with_a_report_that_opens_offline(project: Project) -> None:
    page = (project.folder / "reports/report.html").read_text(encoding="utf-8")
    assert "reinforce_pp" in page and "zero_shot" in page and "majority" in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    assert (project.folder / "models/rl/intents/zero_shot/reinforce_pp/model.safetensors").exists()


def test_the_bundle_predicts_what_the_report_says_of_the_best_cell(project: Project) -> None:
    final = project.folder / "reports/final/intents"
    best = json.loads((final / "metrics.json").read_text())["roles"]["best"]
    expected = predictions.read(final / f"{best}.csv")
    classifier = Classifier.load(project.folder / "models/bundle/intents", device="cpu")
    found = classifier.predict(list(expected["text"]))
    assert [prediction.label or "" for prediction in found] == list(expected["predicted"])


def test_making_the_bundle_again_gives_the_same_bytes_and_make_best_names_it(project: Project) -> None:
    assert ran(project("dvc", "repro", "-f", "-s", "bundle@intents")) == ["bundle@intents"]
    assert "up to date" in project("dvc", "status")
    said = project(sys.executable, "-m", "tasks.best")
    assert "The best on validation" in said and ", majority " in said and "gencls predict models/bundle/intents in.csv out.csv" in said


def test_a_second_run_does_nothing_and_the_status_is_clean(project: Project) -> None:
    assert ran(project("dvc", "repro")) == []
    assert "up to date" in project("dvc", "status")


def test_metrics_show_names_the_arms(project: Project) -> None:
    shown = project("dvc", "metrics", "show")
    assert "accuracy" in shown and "macro_f1" in shown


def test_models_come_back_from_the_cache_without_training(project: Project) -> None:
    before = {f: f.read_bytes() for f in sorted((project.folder / "models").rglob("*.safetensors"))}
    shutil.rmtree(project.folder / "models")
    assert ran(project("dvc", "repro")) == []
    assert {f: f.read_bytes() for f in sorted((project.folder / "models").rglob("*.safetensors"))} == before


def test_training_again_gives_the_same_bytes(project: Project) -> None:
    output = project("dvc", "repro", "-f", "-s", "sft@intents-zero_shot")
    assert ran(output) == ["sft@intents-zero_shot"] and "eval_accuracy" in output, "trained, not resumed from a finished run"
    assert "up to date" in project("dvc", "status")


def test_one_override_reruns_its_stage_and_what_depends_on_it(project: Project) -> None:
    output = project("dvc", "exp", "run", "-S", "sft.lr=0.012")
    cells = ["bundle@intents", "evaluate@intents-zero_shot", "evaluate_rl@intents-zero_shot-reinforce_pp", "final@intents", "head@intents"]
    assert ran(output) == sorted([*cells, "report", "rl@intents-zero_shot-reinforce_pp", "sft@intents-zero_shot"])
    project("git", "checkout", "--", "params.yaml")
    assert ran(project("dvc", "repro")) == [], "what was computed before is restored"


def test_adding_a_strategy_or_a_data_set_adds_only_its_own_cells(project: Project) -> None:
    project.write(merged(TINY, {"strategies": {"similar_5": {"shots": 5}}, "grid": {"train": ["zero_shot", "similar_5"]}}))
    joined = {"ask@intents", "bundle@intents", "final@intents", "report"}
    assert all("similar_5" in stage for stage in changed(project) - joined)
    project.write(merged(TINY, {"datasets": {"more": {**TINY["datasets"]["intents"], "noise": 0.1}}}))
    shutil.copytree(project.folder / "data/raw/intents", project.folder / "data/raw/more")
    assert all("more" in stage or stage == "report" for stage in changed(project))
    project.write(TINY)


def changed(project: Project) -> set[str]:
    """Stages that `dvc repro` would run."""
    stages = set(json.loads(project("dvc", "status", "--json").strip().splitlines()[-1]))
    assert stages
    return {stage.split(":")[-1] for stage in stages}


def test_a_typo_in_the_parameters_stops_the_first_stage_with_its_name(project: Project) -> None:
    project.write(merged(TINY, {"sft": {"epoch": 1}}))
    done = subprocess.run([sys.executable, "-m", "tasks.ingest", "intents"], cwd=project.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "sft.epoch: unknown key; choices: epochs" in done.stderr and "Traceback" not in done.stderr
    project.write(TINY)
