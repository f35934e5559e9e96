"""All benchmarks, one after the other: `python -m benchmarks [--smoke]` → results.json and RESULTS.md (a smoke run writes neither).

A benchmark is any module of this folder that takes `--smoke` and `--out FILE`, prints a table and writes a list of
{name, shape, ours_s, peer, peer_s, ratio, floor, met}.
"""

import argparse
import json
import os
import pkgutil
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks.harness import table

HERE = Path(__file__).parent
SHARED = {"__main__", "bundles", "harness", "plain_server", "shapes"}
PACKAGES = ("torch", "transformers", "trl", "lm_eval", "scikit-learn", "dvc", "prefect")


def main() -> None:
    """Run them; 1 if one of them broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the smallest run that still does everything; its numbers mean nothing")
    smoke = parser.parse_args().smoke
    records, broken, began, where = [], [], time.monotonic(), _where()  # the page itself makes the tree differ from the commit
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in SHARED)
    with ThreadPoolExecutor((os.cpu_count() or 1) if smoke else 1) as pool:  # what is measured has the machine to itself
        for name, found in zip(names, pool.map(lambda name: _run(name, smoke), names), strict=True):
            records += found
            broken += [] if found else [name]
            if not smoke:
                _write(records, time.monotonic() - began, where)
    print(f"all: {time.monotonic() - began:.0f} s")
    if broken:
        sys.exit(f"without results: {', '.join(broken)}")


def _run(name: str, smoke: bool) -> list[dict[str, Any]]:
    """Records of one benchmark, which says on the screen what it finds; none if it broke."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "records.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--out", str(out), *(["--smoke"] if smoke else [])]
        subprocess.run(command, cwd=HERE.parent, check=False)
        print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
        found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
        return found


def _write(records: list[dict[str, Any]], took_s: float, where: str) -> None:
    (HERE / "results.json").write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    notes = "".join(f"- **{r['name']}, {r['shape']}, {r['peer']}**: {r['note']}\n" for r in records if "note" in r)
    made = f"Made by `make bench` in {took_s / 60:.1f} minutes. {_meaning()}"
    text = f"# What it costs\n\n{where}\n\n{table(records)}\n\n{made}\n\n{notes}"
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")


def _where() -> str:
    """Machine, versions and commit."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    git = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(git, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    cores = f"{len(os.sched_getaffinity(0))} cores" if sys.platform == "linux" else f"{os.cpu_count()} cores"
    machine = f"{platform.machine()}, {cores}, {torch.get_num_threads()} threads, {device}"
    return f"{machine}. Python {platform.python_version()}, {versions}. Commit {commit}."


def _meaning() -> str:
    return (
        "Times are medians of alternating runs; *times faster* is theirs over ours. Memory is what the work adds, at its peak, to a "
        "process that has imported and built all it needs. Models are Qwen2-like decoders with random weights, or the builtin base. "
        "What exactly is measured, and on how much of it, stands at the top of each file in this folder; why a floor is not met, in "
        "[LIMITS.md](LIMITS.md)."
    )


if __name__ == "__main__":
    main()
