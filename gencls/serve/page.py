"""The page at /: one HTML document that loads nothing, and that the browser forbids to."""

import base64
import hashlib
from importlib.resources import files

from gencls.bundle import Bundle
from gencls.pages import STYLE, template

_OWN, _SCRIPT = (files("gencls.serve").joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
_STYLE = STYLE + _OWN


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: our own style and script, requests to this server, nothing else."""


def render(bundle: Bundle, *, asks_for_token: bool) -> str:
    """The page of a bundle."""
    return template("gencls.serve").render(bundle=bundle, asks_for_token=asks_for_token, style=_STYLE, script=_SCRIPT)
