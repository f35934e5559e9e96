"""Which Prefect API this process talks to.

Never an empty PREFECT_API_URL, and none in prefect.toml: only the URL of a server that answers. Prefect's own temporary server survives
kill -9 of the flow that started it; the one started here is a guarded child (`flows.guard`). It ends after this process, not with a block
of it, because Prefect sends its last events when the interpreter exits.
"""

import os
import socket
import time
from pathlib import Path

import httpx
from prefect.context import refresh_global_settings_context
from prefect.settings import get_current_settings

from flows.child import CommandError, Process, spawn

HOST = "127.0.0.1"
LOG = Path(".prefect/server.log")
START_SECONDS = 60.0

_started: list[Process] = []
"""Kept, because a server ends when its handle is dropped."""


def connect() -> str:
    """URL of the API from now on: the one that is configured, that of `make ui` if it answers, or that of a temporary server."""
    configured = get_current_settings().api.url
    if configured:
        return configured
    if healthy(local_url()):
        return use(local_url())
    return start(free_port())


def use(url: str) -> str:
    """Make this process and its children talk to that API."""
    os.environ["PREFECT_API_URL"] = url
    refresh_global_settings_context()  # the services that send logs and events run in threads and see the global settings only
    return url


def start(port: int) -> str:
    """Start a server on 127.0.0.1, for as long as this process lives, and use it.

    Raises:
        CommandError: it does not answer; the message is what it printed.
    """
    url = f"http://{HOST}:{port}/api"
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log:
        server = spawn(("prefect", "server", "start", "--host", HOST, "--port", str(port)), Path.cwd(), {"NO_COLOR": "1"}, output=log)
    _started.append(server)
    _wait_until_healthy(url, server)
    return use(url)


def _wait_until_healthy(url: str, server: Process) -> None:
    end = time.monotonic() + START_SECONDS
    while not healthy(url):
        if server.poll() is not None or time.monotonic() > end:
            raise CommandError(f"no Prefect server at {url}; it said:\n{LOG.read_text(encoding='utf-8')}")
        time.sleep(0.2)


def healthy(url: str) -> bool:
    """Whether a Prefect API answers there."""
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def local_url() -> str:
    """Where `make ui` serves: port 4200, or PREFECT_SERVER_API_PORT."""
    return f"http://{HOST}:{get_current_settings().server.api.port}/api"


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
