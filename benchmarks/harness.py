"""What the benchmarks share: models of known shapes, timing in alternation, peak memory in a child process, the record of a result.

A benchmark is a module of this folder with `run(smoke) -> list[Result]`; it ends with `if __name__ == "__main__": main(run)`. `smoke` asks
for the smallest run that still does everything: its numbers mean nothing. Times are medians of alternating runs in one process, in which
neither side profits from a quiet moment of the machine, after one run of each that does not count. Memory is what the work adds, at
its peak, to a process that has imported and built all it needs. The same files run on a GPU, where there is one.
"""

import argparse
import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

Work = Callable[[], object]


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        ours_s: median seconds of the library.
        peer: what it is compared with.
        floor: least value of peer_s / ours_s that is asked for, below 1 where the library may take longer.
        demand: the same in words, with what is asked of memory.
        ours_mb: MB that the work adds at its peak, where memory is compared too; peer_mb the same of the peer.
        memory_floor: largest value of ours_mb / peer_mb that is asked for.
        note: what the time goes into, or what else should be known, for the page.
    """

    name: str
    shape: str
    ours_s: float
    peer: str
    peer_s: float
    floor: float
    demand: str
    ours_mb: float | None = None
    peer_mb: float | None = None
    memory_floor: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times faster than the peer."""
        return self.peer_s / self.ours_s

    @property
    def memory_ratio(self) -> float | None:
        """Memory as a share of the peer's."""
        return self.ours_mb / self.peer_mb if self.ours_mb is not None and self.peer_mb else None

    @property
    def met(self) -> bool:
        """Whether time and memory are as asked."""
        slim = self.memory_floor is None or (self.memory_ratio is not None and self.memory_ratio <= self.memory_floor)
        return self.ratio >= self.floor and slim

    def record(self) -> dict[str, Any]:
        """For results.json; memory only where it was measured."""
        head = {"name": self.name, "shape": self.shape, "ours_s": digits(self.ours_s), "peer": self.peer, "peer_s": digits(self.peer_s)}
        verdict = {"ratio": digits(self.ratio), "floor": digits(self.floor), "met": self.met, "demand": self.demand}
        memory = {"ours_mb": self.ours_mb, "peer_mb": self.peer_mb, "memory_ratio": self.memory_ratio, "memory_floor": self.memory_floor}
        note = {"note": self.note} if self.note else {}
        return {**head, **verdict, **{key: digits(value) for key, value in memory.items() if value is not None}, **note}


def records_of(name: str, smoke: bool) -> tuple[list[dict[str, Any]], float]:
    """What the benchmark of that name finds, and the seconds it takes."""
    start = time.monotonic()
    found: list[Result] = import_module(f"benchmarks.{name}").run(smoke)
    return [result.record() for result in found], time.monotonic() - start


def digits(value: float) -> float:
    """Three of them."""
    return float(f"{value:.3g}")


def alternate(ours: Work, peer: Work, rounds: int) -> tuple[float, float]:
    """Median seconds of either, run in turns so many times after the first; 0: those of the first."""
    first = seconds(ours), seconds(peer)
    if not rounds:
        return first
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            times[side].append(seconds((ours, peer)[side]))
    return statistics.median(times[0]), statistics.median(times[1])


def profile(work: Work, entries: int = 5) -> str:
    """The operators that a piece of work spends its time in, each with its share."""
    from torch import profiler

    with _one_thread(), profiler.profile() as profiled:
        work()
    found = sorted(profiled.key_averages(), key=lambda entry: -entry.self_cpu_time_total)
    total = sum(entry.self_cpu_time_total for entry in found)
    shares = [f"{entry.key.removeprefix('aten::')} {entry.self_cpu_time_total / total:.0%}" for entry in found[:entries]]
    return f"of its time on the CPU: {', '.join(shares)}"


def arithmetic(ours: Work, peer: Work) -> str:
    """What either side has to multiply: how many times faster arithmetic alone would make ours, were all of it equally fast."""
    own, theirs = _gflop(ours), _gflop(peer)
    return f"{own:.3g} GFLOP in matrix products against {theirs:.3g}, {theirs / own:.2f} times as many"


def _gflop(work: Work) -> float:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def linear(x: Sequence[int], weight: Sequence[int], *_: object, **__: object) -> int:
        return 2 * math.prod(x) * weight[0]

    def attention(q: Sequence[int], k: Sequence[int], v: Sequence[int], *rest: object, **named: object) -> int:
        causal = named.get("is_causal") or (len(rest) > 1 and rest[1])  # half of the keys lie ahead and are left out
        return 2 * math.prod(q[:3]) * k[2] * (q[3] + v[3]) // (2 if causal else 1)

    uncounted = {  # by torch's counter
        torch.ops.mkldnn._linear_pointwise: linear,
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention,
    }
    with _one_thread(), FlopCounterMode(display=False, custom_mapping=uncounted) as counter:
        work()
    return counter.get_total_flops() / 1e9


@contextmanager
def _one_thread() -> Iterator[None]:
    """What counts operations sees those of the thread that it is in; with one thread gencls/cores.py starts no others."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def seconds(work: Work) -> float:
    """Of one run, until the GPU is done too."""
    start = time.perf_counter()
    work()
    _finish()
    return time.perf_counter() - start


def in_child(work: Callable[..., Any], *arguments: object, imported: Sequence[str] = ()) -> Any:
    """What a function of a module returns in a process of its own, which begins with these modules; a program keeps to one list of them.

    With none it begins with nothing at all, whatever the process that asks for it has.
    """
    context = get_context("forkserver" if imported else "spawn")
    if imported:
        context.set_forkserver_preload([*imported])
    with ProcessPoolExecutor(1, mp_context=context) as child:
        return child.submit(work, *arguments).result()


@dataclass(frozen=True)
class Cost:
    """Of one run of a piece of work in a process of its own.

    Attributes:
        mb: what it adds to the process at its peak.
        found: what it returned.
    """

    mb: float
    found: Any


def cost(prepare: Callable[..., Work], *arguments: object, imported: Sequence[str] = ()) -> Cost:
    """What a piece of work takes that `prepare(*arguments)`, of a module, builds in a process of its own."""
    measured: Cost = in_child(_cost, prepare, *arguments, imported=imported)
    return measured


def _cost(prepare: Callable[..., Work], *arguments: object) -> Cost:
    import torch

    work = prepare(*arguments)
    if torch.cuda.is_available():
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        found = work()
        return Cost((torch.cuda.max_memory_allocated() - before) / 1e6, found)
    before = psutil.Process().memory_info().rss
    found = work()
    return Cost(process_peak_mb() - before / 1e6, found)


def process_peak_mb() -> float:
    """MB of this process at its peak so far."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux; there `ru_maxrss` begins at what the parent had
        return next(int(line.split()[1]) * 1024 / 1e6 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _finish() -> None:
    torch = sys.modules.get("torch")  # what has not loaded it has nothing on a GPU
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()


def table(records: Sequence[dict[str, Any]]) -> str:
    """Results as a Markdown table."""
    head = ["question", "shape", "ours", "compared with", "theirs", "times faster", "memory", "asked for", "met"]
    lines = [head, ["---"] * 2 + ["--:", "---", "--:", "--:", "--:", "---", "---"]]
    for r in records:
        times = [_time(r["ours_s"]), r["peer"], _time(r["peer_s"]), f"{r['ratio']:.3g}"]
        memory = f"{r['ours_mb']:.0f} / {r['peer_mb']:.0f} MB = {r['ours_mb'] / r['peer_mb']:.2f}" if "ours_mb" in r else ""
        asked = r.get("demand", f"{r['floor']:.3g}x faster")
        lines.append([r["name"], r["shape"], *times, memory, asked, "yes" if r["met"] else "**no**"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _time(value: float) -> str:
    return f"{value:.3g} s" if value >= 0.1 else f"{value * 1000:.3g} ms"


def main(run: Callable[[bool], list[Result]]) -> None:
    """Run one benchmark: its table on the screen, its records as json where `--out` says."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the smallest run that still does everything; its numbers mean nothing")
    parser.add_argument("--out", type=Path, help="json file for the results")
    arguments = parser.parse_args()
    records = [result.record() for result in run(arguments.smoke)]
    print(table(records), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
