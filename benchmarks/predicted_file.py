"""How long does a row take of a csv that is predicted from the shell, `gencls predict MODEL IN OUT`?

Against transformers' text-generation pipeline over the same prompts, greedy, as many new tokens as the longest label has, with the batch
size that is fastest here. Ours is the whole command, start and files included, over fewer rows than the 20,000 of the question; of theirs
only the call is timed, over fewer rows still: both in favour of the peer.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import bundles
from benchmarks.harness import Result, alternate, main, seconds

ROWS, PEER_ROWS = 4000, 256
BATCH_SIZES = (16, 64)


def run(smoke: bool) -> list[Result]:
    """One question."""
    rows, few, rounds = (20, 8, 1) if smoke else (ROWS, PEER_ROWS, 1)
    with tempfile.TemporaryDirectory() as folder:
        splits = bundles.data(rows)
        bundle, source = bundles.make(Path(folder), splits, smoke=smoke), Path(folder) / "in.csv"
        splits["test"][["text"]].to_csv(source, index=False)
        theirs = _pipeline(bundle, splits["test"]["text"].tolist()[:few])
        size = min(BATCH_SIZES, key=lambda n: seconds(lambda: theirs(n)))
        ours_s, peer_s = alternate(lambda: _ours(bundle, source), lambda: theirs(size), rounds)
    shape, peer = f"builtin, {rows:,} rows for 20,000, time of one", f"transformers pipeline, batch {size}, {few} rows"
    return [Result("gencls predict", shape, ours_s / rows, peer, peer_s / few, 4, "4x faster")]


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
