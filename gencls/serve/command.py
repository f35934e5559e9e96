"""`gencls serve MODEL`: the command line of gencls.serve."""

import os
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path

from gencls.serve.options import Limits, ServeError

TOKEN = "GENCLS_TOKEN"
NEEDED = ("fastapi", "uvicorn", "prometheus_client")
EPILOG = f"""\
The page is at /, predictions at POST /predict, what a request looks like at /openapi.json; /healthz, /readyz and /metrics are for machines.
Where the environment variable {TOKEN} or --token-file gives a token, /predict and /metrics ask for it: 'Authorization: Bearer …'.
No text is logged."""


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.description, parser.epilog = "Predict over HTTP on 127.0.0.1.", EPILOG
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a bundle, models/bundle/<data set>")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000; 0 takes a free one")
    parser.add_argument("--token-file", metavar="FILE", type=Path, help=f"file with the token, in place of {TOKEN}")
    about = {
        "body_bytes": "largest body; more is answered 413",
        "rows": "most texts of a request; more is answered 422",
        "queue": "most rows that wait for the model; more is answered 429",
        "batch_rows": "rows that make a batch full",
        "wait_ms": "longest that a row waits for others, in milliseconds",
        "client_seconds": "longest that the head and then the body of a request may take to arrive; then 408",
    }
    for name, line in about.items():
        default = getattr(Limits(), name)
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="N", type=int, default=default, help=f"{line}; default: {default}")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the model runs; auto takes a GPU if there is one"
    )


def run(given: Namespace) -> None:
    """Serve until stopped.

    Raises:
        InputError: an option, the token or the model cannot be used.
    """
    limits = Limits(given.body_bytes, given.rows, given.queue, given.batch_rows, given.wait_ms, given.client_seconds)
    token = read_token(given.token_file)
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ServeError(f"{', '.join(missing)} is not installed; pip install 'gencls[serve]'")
    from gencls.serve.server import serve  # torch and FastAPI come now, so that a wrong option is said at once

    serve(given.model, given.port, token, limits, given.device)


def read_token(file: Path | None) -> str | None:
    """The token, never from the command line, which everybody on the machine can read.

    Raises:
        ServeError: it is said twice, cannot be read, or is none.
    """
    if file is None:
        token, where = os.environ.get(TOKEN), TOKEN
        if token is None:
            return None
    elif TOKEN in os.environ:
        raise ServeError(f"--token-file: got {file}, but {TOKEN} is set too; one of them")
    else:
        where = f"--token-file {file}"
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ServeError(f"{where}: cannot be read: {error}") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ServeError(f"{where}: a token is one or more visible ASCII characters without spaces")
    return token
