"""All benchmarks, one after the other: `python -m benchmarks [--smoke]` → results.json and RESULTS.md (a smoke run writes neither).

A benchmark is any module of this folder with `run(smoke) -> list[Result]`.
"""

import argparse
import json
import pkgutil
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks.harness import in_child, records_of, table
from gencls.affinity import cores

HERE = Path(__file__).parent
SHARED = {"__main__", "bundles", "harness", "plain_server", "shapes"}
PACKAGES = ("torch", "transformers", "trl", "lm_eval", "scikit-learn", "dvc", "prefect")
HEAVY = ["benchmarks.harness", "gencls.rl.closed_set", "gencls.scorer", "lm_eval.models.huggingface", "trl.trainer.grpo_trainer"]
"""What most of them import: each begins in a process that has it."""


def main() -> None:
    """Run them; 1 if one of them broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the smallest run that still does everything; its numbers mean nothing")
    smoke = parser.parse_args().smoke
    records, broken, began, where = [], [], time.monotonic(), _where()  # the page itself makes the tree differ from the commit
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in SHARED)
    with ThreadPoolExecutor(cores() if smoke else 1) as pool:  # what is measured has the machine to itself
        futures = [pool.submit(in_child, records_of, name, smoke, imported=HEAVY) for name in names]
        for name, future in zip(names, futures, strict=True):
            if error := future.exception():
                print(f"{name}: {type(error).__name__}: {error}", flush=True)
                broken.append(name)
                continue
            found, took_s = future.result()
            print(f"{table(found)}\n{name}: {took_s:.0f} s", flush=True)
            records += found
            if not smoke:
                _write(records, time.monotonic() - began, where)
    print(f"all: {time.monotonic() - began:.0f} s")
    if broken:
        sys.exit(f"without results: {', '.join(broken)}")


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
    machine = f"{platform.machine()}, {cores()} cores, {torch.get_num_threads()} threads, {device}"
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
