"""How long does a row take of a csv that is predicted from the shell, `gencls predict MODEL IN OUT`?

Against transformers' text-generation pipeline over the same prompts, greedy, as many new tokens as the longest label has, with the batch
size that is fastest here. Ours is the whole command, start and files included, measured for two numbers of rows, from which follows what
20,000 take; of theirs only the call is timed, over a few rows, and its start is left out, in favour of the peer.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import bundles
from benchmarks.harness import Result, main, seconds

ASKED, ROWS, PEER_ROWS = 20_000, (500, 2500), 256
BATCH_SIZES = (16, 64)


def run(smoke: bool) -> list[Result]:
    """One question."""
    sizes, few = ((10, 20), 8) if smoke else (ROWS, PEER_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        splits = bundles.data(max(sizes))
        bundle = bundles.make(Path(folder), splits, smoke=smoke)
        theirs = _pipeline(bundle, splits["test"]["text"].tolist()[:few])
        size = min(BATCH_SIZES, key=lambda n: seconds(lambda: theirs(n)))
        peer_s = seconds(lambda: theirs(size))
        taken = []
        for rows in sizes:
            source = Path(folder) / f"{rows}.csv"
            splits["test"][["text"]].head(rows).to_csv(source, index=False)
            taken.append(seconds(partial(_ours, bundle, source)))
    row_s = (taken[1] - taken[0]) / (sizes[1] - sizes[0])
    ours_s = taken[0] + (ASKED - sizes[0]) * row_s
    shape, peer = f"builtin, {ASKED:,} rows, time of one", f"transformers pipeline, batch {size}, {few} rows"
    note = f"{taken[0]:.3g} s for {sizes[0]:,} rows, {taken[1]:.3g} s for {sizes[1]:,}"
    return [Result("gencls predict", shape, ours_s / ASKED, peer, peer_s / few, 4, "4x faster", note=note)]


def _ours(bundle: Path, source: Path) -> None:
    out = source.with_name("out.csv")
    command = [sys.executable, "-m", "gencls", "predict", str(bundle), str(source), str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _pipeline(bundle: Path, texts: list[str]) -> Callable[[int], object]:
    from transformers import pipeline

    from gencls.bundle import read
    from gencls.encode import label_sequences
    from gencls.models import load_tokenizer

    tokenizer = load_tokenizer(bundle)
    longest = max(map(len, label_sequences(list(read(bundle).written.values()), tokenizer)))
    generator = pipeline("text-generation", model=str(bundle), tokenizer=tokenizer)
    prompts = bundles.prompts(bundle, texts)
    return lambda size: generator(prompts, batch_size=size, max_new_tokens=longest, do_sample=False, return_full_text=False)


if __name__ == "__main__":
    main(run)
