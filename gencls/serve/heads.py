"""A time limit for the head of a request: uvicorn has none, so a client that sends it byte by byte would hold its connection for ever."""

import asyncio
import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class TimedHeads(H11Protocol):
    """uvicorn's HTTP/1.1 that hangs up where a head is not complete so many seconds after it began."""

    seconds: float
    refusal: bytes
    """What is answered first."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Of a new connection the first head is awaited at once."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A later head is awaited from its first byte; the silence before it has uvicorn's own limit."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:  # the head is complete
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self._cut)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self.transport.write(self.refusal)
        self.transport.close()


def protocol(seconds: float) -> type[H11Protocol]:
    """The protocol class for uvicorn, with its limit."""
    content = json.dumps({"detail": f"The head of the request did not arrive within {seconds:g} seconds."}).encode()
    fields = f"content-type: application/json\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n".encode()
    return type("Heads", (TimedHeads,), {"seconds": seconds, "refusal": b"HTTP/1.1 408 Request Timeout\r\n" + fields + content})
