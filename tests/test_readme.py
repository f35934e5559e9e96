"""README's way from a csv to a served model, as a new user goes it: the commands are read from README.md and run, one after the other."""

import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import LABELS, WORDS
from ruamel.yaml import YAML
from test_smoke import Project, merged
from toy_project import wait_until

from flows.server import free_port

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## Use it on your data") : README.index("## Use it\n")]
TINY: dict[str, Any] = {
    "grid": {"train": ["zero_shot"], "infer": ["zero_shot"], "decoding": ["trie"]},
    "base": {"vocab_size": 600, "layers": 1, "width": 32, "heads": 2, "epochs": 1},
    "sft": {"epochs": 2},
    "rl": {"algorithms": []},
    "evaluate": {"bootstrap": 20},
}
"""So that it takes seconds; everything else is what `make new` writes."""
pytestmark = [pytest.mark.smoke, pytest.mark.timeout(1800)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTION, flags=re.DOTALL)


def commands() -> list[str]:
    """One a line, without what is said about it."""
    return [line.split("  #")[0].strip() for block in blocks("bash") for line in block.splitlines() if line]


class Clone(Project):
    """A copy of the repository in which everything is installed already, and a csv as a spreadsheet in Germany saves it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copy2(folder / "presets/default.yaml", folder / "params.yaml")
        self.bin = folder / ".venv/bin"
        self.bin.mkdir(parents=True)
        for file in (Path(sys.prefix) / "bin").iterdir():
            (self.bin / file.name).symlink_to(file)
        for name in ("lib", "pyvenv.cfg"):
            if (Path(sys.prefix) / name).exists():
                (self.bin.parent / name).symlink_to(Path(sys.prefix) / name)
        (self.bin.parent / "pipeline").touch()  # what make looks at
        (self.bin / "gencls").unlink(missing_ok=True)
        (self.bin / "gencls").write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {self.bin / "python"} -m gencls "$@"\n')  # of this copy
        (self.bin / "gencls").chmod(0o755)
        rng = random.Random(0)
        rows = [(label, f"{' '.join(rng.choices(WORDS[label], k=4))} Grüße {i}") for i, label in enumerate(LABELS * 50)]
        lines = "".join(f"{i};{text};;{label}\r\n" for i, (label, text) in enumerate(rows))
        (folder / "tickets.csv").write_bytes(f"Vorgang;Anliegen;Notiz;Zuständig\r\n{lines}".encode("windows-1252"))
        (folder / "new.csv").write_text("Anliegen\nwhere is my parcel?\n")

    def bash(self, command: str) -> str:
        """Its output; every command has a shell of its own, so what `activate` does is done here."""
        return self("bash", "-c", f"PATH={self.bin}:$PATH; {command}")

    def shrink(self) -> None:
        yaml = YAML()
        content = yaml.load((self.folder / "params.yaml").read_text())
        self.write(merged({**content, "strategies": {"zero_shot": {}}}, TINY))


@contextmanager
def running(clone: Clone, command: str, port: int) -> Iterator[None]:
    start = f"PATH={clone.bin}:$PATH; exec {command}"
    with subprocess.Popen(["bash", "-c", start], cwd=clone.folder, stderr=subprocess.DEVNULL) as process:

        def ready() -> bool:
            assert process.poll() is None
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_until(ready, seconds=120)
            yield
        finally:
            process.terminate()


def test_every_command_from_the_csv_to_the_served_model_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone, port = Clone(tmp_path), free_port()
    monkeypatch.setenv("PYTHONPATH", str(clone.folder))  # of a package that is installed from elsewhere
    said: dict[str, str] = {}
    server = ""
    for command in [line.replace("8000", str(port)) for line in commands()]:
        if command.startswith("gencls serve"):
            server = command
        elif command.startswith("curl"):
            with running(clone, server, port):
                said["curl"] = clone.bash(command)
        else:
            said[" ".join(command.split()[:2])] = clone.bash(command)
        if command.startswith("make new"):
            clone.shrink()
    assert "windows-1252" in said["make new"] and "text: 'Anliegen'" in said["make new"] and "label: 'Zuständig'" in said["make new"]
    assert "/reports/report.html" in said["make run"] and "gencls predict models/bundle/tickets" in said["make best"]
    assert (clone.folder / "predicted.csv").read_text().startswith("Anliegen,predicted,confidence")
    (answer,) = json.loads(said["curl"])["predictions"]
    assert answer["label"] in LABELS
    (script,) = blocks("python")
    assert clone(sys.executable, "-c", script).split()[0] in {label.split()[0] for label in LABELS}


def test_the_way_is_one_screen() -> None:
    assert len(SECTION.splitlines()) <= 45 and commands()[0] == "make new DATA=tickets.csv"
