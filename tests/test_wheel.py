"""The wheel alone: what `pip install` of it brings along, and that a bundle predicts there, in an environment that has nothing else."""

import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

import bundles
import pytest
from conftest import LABELS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gencls.params import Strategy

ROOT = Path(__file__).parents[1]
UNWANTED = {"prefect", "dvc", "trl", "accelerate", "datasets", "peft", "great-expectations", "fastapi", "uvicorn"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("gencls-*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel and what it requires: those packages are linked from here, since nothing is downloaded."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    for found in required(metadata(wheel)):
        for part in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / part).exists():
                (site / part).symlink_to(Path(str(found.locate_file(part))))
    pip("--python", str(folder / "bin/python"), "install", "--no-index", str(wheel))
    return folder / "bin/python"


def pip(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments, "--no-deps"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def metadata(wheel: Path) -> list[str]:
    """Its requirements, extras and all."""
    with ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        lines = packed.read(name).decode().split("\n\n")[0].splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]


def required(lines: Iterable[str]) -> list[Distribution]:
    """What pip would install for these requirements, and for theirs: the installed distributions of that name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    left = [(line, "") for line in lines]
    while left:
        line, extra = left.pop()
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        found[name] = of = distribution(wanted.name)
        for asked in {"", *wanted.extras}:
            if (name, asked) not in seen:
                seen.add((name, asked))
                left += [(more, asked) for more in of.requires or ()]
    return list(found.values())


def run(python: Path, *command: str) -> str:
    """Output of a command that sees nothing of this checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(python.parent / command[0]), *command[1:]], cwd=python.parent, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_requires_neither_the_pipeline_nor_the_training_libraries_nor_the_server(wheel: Path) -> None:
    names = {canonicalize_name(found.metadata["Name"]) for found in required(metadata(wheel))}
    assert {"torch", "transformers", "pyarrow"} <= names and not names & UNWANTED


def test_a_bundle_predicts_in_an_environment_with_nothing_but_the_wheel(python: Path, base_folder: Path, tmp_path: Path) -> None:
    model = bundles.make(base_folder, tmp_path / "bundle", Strategy(shots=1, examples="similar"))
    (tmp_path / "new.csv").write_text("text\nwhere is my parcel?\nmoney back please\n")
    code = "import gencls, sys; print(gencls.__file__); print(gencls.Classifier.load(sys.argv[1]).predict(['money'])[0].label)"
    file, label = run(python, "python", "-c", code, str(model)).splitlines()
    assert "site-packages" in file and label in LABELS
    run(python, "gencls", "predict", str(model), str(tmp_path / "new.csv"), str(tmp_path / "out.csv"))
    head, *predicted = (tmp_path / "out.csv").read_text().splitlines()
    assert head.startswith("text,predicted,confidence") and len(predicted) == 2
    absent = "from importlib.util import find_spec; print([n for n in ('prefect', 'dvc', 'trl', 'fastapi') if find_spec(n)])"
    assert run(python, "python", "-c", absent).strip() == "[]"


def test_to_serve_there_says_what_is_missing(python: Path, tmp_path: Path) -> None:
    done = subprocess.run([str(python.parent / "gencls"), "serve", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.strip().endswith("is not installed; pip install 'gencls[serve]'")
