"""How many requests a second does `gencls serve` answer, with 64 clients that send one short text each and wait for the answer?

Against the same model behind FastAPI as one would write it first: a forward pass a request, in the framework's threads, the likeliest
first token of a label as the answer. The load comes from locust, ten seconds a side. The time is that of a request, so many go on at once:
seconds over requests answered. The 95th percentile of the latency may not be worse.
"""

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks import bundles
from benchmarks.harness import Result, main

CLIENTS, SECONDS, PATIENCE = 64, 10, 300
LOAD = """\
from locust import HttpUser, constant, task

class Client(HttpUser):
    wait_time = constant(0)

    @task
    def predict(self):
        self.client.post("/predict", json={"texts": ["where is my parcel?"]})
"""


def run(smoke: bool) -> list[Result]:
    """One question."""
    clients, lasting = (4, 3) if smoke else (CLIENTS, SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        bundle = str(bundles.make(Path(folder), bundles.data(16), smoke=smoke))
        load = Path(folder) / "load.py"
        load.write_text(LOAD, encoding="utf-8")
        port, other = _free_port(), _free_port()
        with _serving(port, "-m", "gencls", "serve", bundle, "--port", str(port)):
            ours_s, ours_p95 = _load(load, port, clients, lasting)
        with _serving(other, "-m", "benchmarks.plain_server", bundle, str(other)):
            peer_s, peer_p95 = _load(load, other, clients, lasting)
    demand = "3x throughput, p95 no worse"
    note = f"95th percentile {ours_p95:.0f} ms against {peer_p95:.0f} ms"
    floor = 3.0 if ours_p95 <= peer_p95 else float("inf")
    return [Result("gencls serve", f"builtin, {clients} clients", ours_s, "FastAPI, a pass a request", peer_s, floor, demand, note=note)]


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _serving(port: int, *command: str) -> Iterator[None]:
    """A server of its own, once it answers."""
    server = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz")
        yield
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url):
                return
        except (URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _load(file: Path, port: int, clients: int, lasting: int) -> tuple[float, float]:
    """(seconds a request, 95th percentile of their latency in milliseconds)."""
    options = ["--headless", "--users", str(clients), "--spawn-rate", str(clients), "--run-time", f"{lasting}s", "--only-summary"]
    found = file.with_name(f"{port}")
    where = ["--host", f"http://127.0.0.1:{port}", "--csv", str(found)]
    subprocess.run([sys.executable, "-m", "locust", "-f", str(file), *options, *where], check=True, stderr=subprocess.DEVNULL)
    with found.with_name(f"{port}_stats.csv").open(encoding="utf-8") as rows:
        total: dict[str, Any] = [*csv.DictReader(rows)][-1]
    return 1 / float(total["Requests/s"]), float(total["95%"])


if __name__ == "__main__":
    main(run)
