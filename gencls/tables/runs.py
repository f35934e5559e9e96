"""Recorded runs, and what each study contributes to a table.

A study is a series of runs of one data set that belong together (`report.study`). Arms of the grid and the baselines come from
`strategies`, those of RL from `rl` (from `strategies` where a data set has no such study), those of the two-stage recipe from `reasoning`,
where they are called `reasoned_<strategy>`. Runs of other studies are kept but are in no table.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gencls.arrays import Floats

Run = Mapping[str, Any]
Record = Mapping[str, Any]
"""An arm of a run: accuracy, macro_f1, their intervals, rows, cell, correct."""

STRATEGIES, RL, REASONING = "strategies", "rl", "reasoning"
STUDIES = (STRATEGIES, RL, REASONING)
ALIASES = ("best", "warm_up")
"""Roles that only repeat another arm, or that an RL arm is compared with."""


def data_sets(runs: Sequence[Run]) -> list[str]:
    """Of the runs that are in some table, sorted."""
    return sorted({run["data_set"] for run in runs if run["study"] in STUDIES})


def of(runs: Sequence[Run], ds: str, study: str) -> list[Run]:
    """The runs of a study of a data set, by seed."""
    return sorted((run for run in runs if (run["data_set"], run["study"]) == (ds, study)), key=lambda run: int(run["seed"]))


def with_rl(runs: Sequence[Run], ds: str) -> list[Run]:
    """The runs whose RL arms count."""
    return of(runs, ds, RL) or of(runs, ds, STRATEGIES)


def arms(runs: Sequence[Run], ds: str) -> dict[str, list[Run]]:
    """Arm → the runs with it, each seed once; under the arm's name in the tables."""
    sources = {"": of(runs, ds, STRATEGIES), "rl_": with_rl(runs, ds), "arm_": of(runs, ds, REASONING)}
    found: dict[str, list[Run]] = {}
    for kind, own in sources.items():
        for run in own:
            for name in (name for name in run["arms"] if _kind(name) == kind and not _repeats(name)):
                found.setdefault(f"reasoned_{name.removeprefix('arm_')}" if kind == "arm_" else name, []).append(run)
    return found


def _repeats(arm: str) -> bool:
    return arm in ALIASES or arm.startswith("warm_up_")


def _kind(arm: str) -> str:
    return next((kind for kind in ("rl_", "arm_") if arm.startswith(kind)), "")


def record(run: Run, arm: str) -> Record:
    """The record of an arm that the tables call `arm`."""
    own: Record = run["arms"][f"arm_{arm.removeprefix('reasoned_')}" if arm.startswith("reasoned_") else arm]
    return own


def hits_of(arm: Record) -> Floats:
    """(rows,) 1 where the arm was right, from the bits of its record."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(arm["correct"]), dtype=np.uint8))
    hits: Floats = bits[: arm["rows"]].astype(np.float64)
    return hits


def stacked(records: Sequence[Record]) -> list[Floats]:
    """Hits of one arm, (seeds, rows): one array where all seeds have the same number of test rows, else one for each seed.

    A seed that splits a file has test rows of its own, and where texts occur several times not even as many: rows are split by text.
    """
    hits = [hits_of(arm) for arm in records]
    return [np.stack(hits)] if len({len(own) for own in hits}) == 1 else [own[None] for own in hits]
