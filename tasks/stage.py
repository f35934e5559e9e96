"""What every stage does around its work: parameters checked as a whole, names checked, outputs moved into place only when complete.

A stage module ends with `if __name__ == "__main__": stage.run(main)`. `main(params, ds, strategy, …)` receives the names that DVC's
matrix put on the command line, in the order of its signature.
"""

import hashlib
import inspect
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gencls
from gencls import params as params_module
from gencls.errors import InputError
from gencls.params import SPLITS, Params, Split
from tasks import paths

if TYPE_CHECKING:
    import pandas as pd

_taken_up: list[Path] = []
"""Checkpoints of a killed process that this stage went on from: the other took the rest of the time."""


class StageError(InputError):
    """The input of a stage is unusable; the message is all the user needs."""


def run(main: Callable[..., None]) -> None:
    """Run a stage from the command line and leave with 0, or with 1 and one clear message for an error the user can mend."""
    stage = Path(sys.argv[0]).stem
    try:
        params = params_module.load(paths.PARAMS)
        cell = _cell(main, sys.argv[1:], params)
        _taken_up.clear()
        start = time.perf_counter()
        main(params, **cell)
        _record_time(stage, cell, None if _taken_up else time.perf_counter() - start)
    except InputError as error:
        sys.exit(f"{stage}: {error}")


def _cell(main: Callable[..., None], given: list[str], params: Params) -> dict[str, str]:
    """Names of the cell, each checked against what params.yaml defines."""
    names = list(inspect.signature(main).parameters)[1:]
    if len(given) != len(names):
        raise StageError(f"expected {len(names)} names ({', '.join(names)}), got {len(given)}: {' '.join(given)}")
    choices = {
        "ds": list(params.datasets),
        "strategy": list(params.strategies),
        "warmup": list(params.rl.warmups),
        "algorithm": list(params.rl.algorithms),
        "trainer": ["sft", "rl"],
        "name": [*params.grid.train, *rl_models(params)],
    }
    for name, value in zip(names, given, strict=True):
        if value not in choices[name]:
            raise StageError(f"{name} {value!r} is not defined in {paths.PARAMS}; choices: {', '.join(choices[name])}")
    return dict(zip(names, given, strict=True))


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Yield a scratch path for an output file or folder; it moves to `target` only if the block ends well.

    The scratch path's parent exists, the path itself does not. A killed stage so never leaves half an output behind.
    """
    scratch = paths.SCRATCH / "unfinished" / target
    _remove(scratch)
    scratch.parent.mkdir(parents=True, exist_ok=True)
    yield scratch
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove(target)
    scratch.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def checkpoints(key: dict[str, object], *inputs: Path) -> Iterator[Path]:
    """Folder for the checkpoints of a run, the same for the same inputs: what was killed goes on, what was changed starts anew.

    `key` holds the parameters, `inputs` the files or folders that the run reads; the library's own code counts among them. A run that
    ended well leaves nothing: done again, it is done from the start.
    """
    digest = hashlib.sha256(json.dumps([key, [metadata.version(name) for name in ("torch", "transformers")]], sort_keys=True).encode())
    for source in (*inputs, Path(gencls.__file__).parent):
        for file in sorted(p for p in (source.rglob("*") if source.is_dir() else [source]) if p.is_file() and p.suffix != ".pyc"):
            digest.update(str(file).encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    folder = paths.SCRATCH / "checkpoints" / digest.hexdigest()[:24]
    if folder.exists():
        _taken_up.append(folder)
    yield folder
    _remove(folder)


def trained_under(params: Params) -> dict[str, str]:
    """Every model of a data set (`sft/zero_shot`, `rl/zero_shot/grpo`) and the strategy of its prompts; for RL that of its warm-up.

    Strategies that differ only in the reasoning that they teach have the same prompts at inference, so one of them in `grid.infer` will do.
    """
    sft = {f"sft/{strategy}": _asked_with(params, strategy) for strategy in params.grid.train}
    return sft | {f"rl/{name}": sft[f"sft/{name.split('/')[0]}"] for name in rl_models(params)}


def rl_models(params: Params) -> list[str]:
    """`zero_shot/grpo`: every algorithm from every warm-up."""
    return [f"{warmup}/{algorithm}" for warmup in params.rl.warmups for algorithm in params.rl.algorithms]


def _asked_with(params: Params, strategy: str) -> str:
    known, own = params.strategies, params.strategies[strategy].asked
    return strategy if strategy in params.grid.infer else next((n for n in params.grid.infer if known[n].asked == own), strategy)


def reasoning_arms(params: Params) -> dict[str, str]:
    """Training strategy → `reasoning` of those that are trained on the rows with rationales, whether they write any or not."""
    return {name: params.strategies[name].reasoning for name in params.grid.train if params.strategies[name].needs}


def measuring(params: Params) -> dict[str, int]:
    """Settings of `gencls.metrics.evaluate`, the same for every arm."""
    return {"bootstrap": params.evaluate.bootstrap, "bins": params.evaluate.bins, "seed": params.seed}


def splits(ds: str) -> "dict[Split, pd.DataFrame]":
    """The rows of a data set as `ingest` wrote them."""
    import pandas as pd  # slow to import, and not every stage reads rows

    return {split: pd.read_parquet(paths.data(ds) / f"{split}.parquet") for split in SPLITS}


def label_set(ds: str) -> Any:
    """The language, the labels and what they mean, as `ingest` wrote them."""
    return read_json(paths.data(ds) / "labels.json")


def read_json(path: Path) -> Any:
    """The inverse of `write_json`."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(content: object, path: Path) -> None:
    """Stable bytes: keys as given, two spaces, a newline at the end."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _record_time(stage: str, cell: dict[str, str], seconds: float | None) -> None:
    """Seconds of the last run, for the report; None where it went on from a killed one's checkpoint. Not a DVC output: it differs each time
    and would make every run look changed.

    DVC may later restore the outputs of another run, so the record of a stage that trains says which learning curve its run wrote.
    """
    names = list(cell.values())
    file, curve = paths.timing(stage, *names), paths.curve(stage, names[0], "/".join(names[1:])) if names else None
    file.parent.mkdir(parents=True, exist_ok=True)
    record = {"stage": stage, "cell": names, "seconds": None if seconds is None else round(seconds, 2), "finished": time.time()}
    write_json(record | ({"curve": _digest(curve)} if curve and curve.is_file() else {}), file)


def trained_seconds(stage: str, ds: str, name: str) -> float | None:
    """Seconds of the run that the learning curve under reports/ is of; None where it is not known: the curve was restored, not written."""
    file = paths.timing(stage, ds, name)
    record = read_json(file) if file.exists() else {}
    known: float | None = record.get("seconds") if record.get("curve") == _digest(paths.curve(stage, ds, name)) else None
    return known


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
