"""A bundle on a port of this machine, until SIGTERM or Ctrl-C: no new connections then, what was accepted is answered, exit code 0."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import uvicorn

from gencls import bundle as bundles
from gencls.classifier import Classifier
from gencls.progress import say
from gencls.serve.app import build
from gencls.serve.batcher import Batcher
from gencls.serve.heads import protocol
from gencls.serve.meters import Meters
from gencls.serve.options import Limits, ServeError

HOST = "127.0.0.1"
"""This machine only: what else should reach it goes through a proxy, which has TLS."""
PATIENCE = 120
"""Seconds that a stop waits for its last answers to be taken."""


def serve(folder: Path, port: int, token: str | None, limits: Limits, device: Literal["auto", "cpu", "cuda"]) -> None:
    """Serve until stopped; a port of 0 takes any that is free.

    Raises:
        InputError: no bundle, no such device, or a port that is taken.
    """
    bundle, meters = bundles.read(folder), Meters()
    with _listen(port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        batcher = Batcher(partial(_load, folder, device, url), limits, meters)
        app = build(bundle, batcher, meters, limits, token)
        heads = protocol(limits.client_seconds)
        config = uvicorn.Config(app, http=heads, ws="none", lifespan="off", log_level="warning", access_log=False, server_header=False)
        config.timeout_graceful_shutdown = PATIENCE
        asyncio.run(_until_stopped(_Server(config), batcher, listener))


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServeError(f"--port: got {port}, which cannot be had: {error}") from None
    return listener


def _load(folder: Path, device: Literal["auto", "cpu", "cuda"], url: str) -> Classifier:
    classifier = Classifier.load(folder, device=device)
    classifier.predict([""])  # the first pass is the slowest, and compares the two ways of scoring
    say(f"{folder} is served at {url}, its requests are described at {url}/openapi.json")
    return classifier


async def _until_stopped(server: "_Server", batcher: Batcher, listener: socket.socket) -> None:
    """Run both; the batcher outlives the server, and ends before it only by an error."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    answering = asyncio.create_task(batcher.run())
    await asyncio.wait({serving, answering}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if answering.done():
        await answering
    answering.cancel()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop at a signal. Uvicorn's own raises it again in the end, and the exit code would tell of a failure."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)
