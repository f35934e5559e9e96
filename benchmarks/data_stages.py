"""Is the time of ingest, validate and render in proportion to the rows, and their memory small?

53,360 rows made to look like TNEWS (short Chinese titles, 15 classes) against a tenth of them: the time of a row, and the peak memory of
the whole process, which may be 1 GB. The stages run in a process of their own; starting it is not part of the time.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.harness import Result, in_child, main, process_peak_mb

ROWS, FEWER, HELD_OUT = 53_360, 5_336, 10
"""Rows for training; and one for so many in validation and in test each."""
LABELS, CHARACTERS = 15, 3000
LIMIT_MB = 1000.0
DS = "news"


def run(smoke: bool) -> list[Result]:
    """One question."""
    rows, fewer = (500, 300) if smoke else (ROWS, FEWER)
    few_s, _ = in_child(stages, fewer)
    many_s, peak = in_child(stages, rows)
    shape, peer = f"{rows:,} rows, time of one", f"a row of {fewer:,}; 1 GB"
    demand = "at most 1.2x the time of a row, less than 1 GB"
    return [Result("ingest, validate, render", shape, many_s / rows, peer, few_s / fewer, 1 / 1.2, demand, peak, LIMIT_MB, memory_floor=1)]


def stages(rows: int) -> tuple[float, float]:
    """(seconds, MB of the process at its peak) of the three stages on so many rows."""
    from gencls import params as parameters
    from tasks import define, ingest, paths, render, validate

    root = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            _write(rows, Path("data/raw") / DS)
            params = parameters.load(_params(root / paths.PARAMS))
            took = _seconds(lambda: ingest.main(params, DS)) + _seconds(lambda: validate.main(params, DS))
            define.main(params, DS)  # render reads its file, whether the strategy shows definitions or not
            took += _seconds(lambda: render.main(params, DS, "zero_shot"))
        finally:
            os.chdir(root)
    return took, process_peak_mb()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _params(file: Path) -> Path:
    """The project's parameters with the rows as their only data set."""
    from ruamel.yaml import YAML

    content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    files = {split: f"{split}.jsonl" for split in ("train", "validation", "test")}
    content["datasets"] = {DS: {"source": "files", "language": "zh", "files": files, "text": "text", "label": "label"}}
    path = Path("params.yaml")
    with path.open("w", encoding="utf-8") as out:
        YAML(typ="safe").dump(content, out)
    return path


def _write(rows: int, folder: Path) -> None:
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(10, CHARACTERS + 10)
    folder.mkdir(parents=True)
    for split, count in {"train": rows, "validation": rows // HELD_OUT, "test": rows // HELD_OUT}.items():
        lengths = rng.integers(12, 33, size=count)
        drawn = np.split(rng.choice(CHARACTERS, size=lengths.sum(), p=shares / shares.sum()), lengths.cumsum()[:-1])
        texts = ["".join(chr(0x4E00 + code) for code in codes) for codes in drawn]
        lines = [json.dumps({"text": text, "label": f"类{i % LABELS}"}, ensure_ascii=False) for i, text in enumerate(texts)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(run)
