"""What is refused before it is read as a request: a body too large or too slow, another host's name, a wrong token. One sentence each."""

import asyncio
import hmac
import json
import re
from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gencls.serve.options import Limits

GUARDED = ("/predict", "/metrics")
"""What asks for the token, and without one for a local name; the rest tells nothing of the data."""
LOCAL = (b"127.0.0.1", b"localhost", b"[::1]")
"""Hosts that a request without a token may be for: a page elsewhere can give its own name this address, and would read answers."""


def refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says no. The sentence may name a part of what came in: half a character in it is escaped."""
    content = json.dumps({"detail": sentence}, ensure_ascii=False).encode(errors="backslashreplace")
    return Response(content, status, headers, "application/json")


class Guard:
    """ASGI middleware: reads the body, which is small, and hands it on in one piece.

    Args:
        token: what `Authorization: Bearer` must say on the paths in `GUARDED`; None: nothing.
    """

    def __init__(self, app: ASGIApp, limits: Limits, token: str | None) -> None:
        self._app, self._limits = app, limits
        self._authorization = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(receive)
        except ClientDisconnect:
            return
        if isinstance(body, Response):
            await body(scope, receive, send)
        elif not self._local(scope):
            said = "Without GENCLS_TOKEN this server answers requests to 127.0.0.1 and localhost only, not to another name."
            await refusal(421, said)(scope, receive, send)
        elif not self._known(scope):
            said = "The header Authorization must be 'Bearer ' and the token."
            await refusal(401, said, {"www-authenticate": "Bearer"})(scope, receive, send)
        else:
            await self._app(scope, _replayed(body, receive), send)

    async def _body(self, receive: Receive) -> bytes | Response:
        """The whole body. One that is too large is read to its end but not kept: a client that is cut off would never see why."""
        limit, seconds = self._limits.body_bytes, self._limits.client_seconds
        body, size, more = bytearray(), 0, True
        try:
            async with asyncio.timeout(seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientDisconnect
                    part = message.get("body", b"")
                    size += len(part)
                    body += part if size <= limit else b""
                    more = message.get("more_body", False)
        except TimeoutError:
            if size <= limit:
                return refusal(408, f"The body did not arrive within {seconds} seconds.", {"connection": "close"})
        if size > limit:
            return refusal(413, f"The body is larger than {limit} bytes.", {"connection": "close"})
        return bytes(body)

    def _local(self, scope: Scope) -> bool:
        """Whether the request is for this machine by a name of its own, where no token tells friend from foe."""
        if self._authorization is not None or scope["path"] not in GUARDED:
            return True
        host: bytes = dict(scope["headers"]).get(b"host", b"")
        return re.sub(rb":\d*$", b"", host.lower()) in LOCAL

    def _known(self, scope: Scope) -> bool:
        """Whether the client says the token, where it has to; compared in constant time."""
        if self._authorization is None or scope["path"] not in GUARDED:
            return True
        return hmac.compare_digest(dict(scope["headers"]).get(b"authorization", b""), self._authorization)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What hands on a body that was read already, and then whatever comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
