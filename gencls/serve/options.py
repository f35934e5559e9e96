"""How much is accepted and how long is waited. No FastAPI here, so that a wrong number is said at once."""

from dataclasses import dataclass, fields

from gencls.errors import InputError


class ServeError(InputError):
    """The server cannot start as it was asked to; the message names the option."""


@dataclass(frozen=True)
class Limits:
    """Numbers above zero; what each is for stands in `gencls serve --help`."""

    body_bytes: int = 1 << 20
    rows: int = 256
    queue: int = 1024
    batch_rows: int = 64
    wait_ms: int = 5
    client_seconds: int = 10

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 1:
                raise ServeError(f"--{field.name.replace('_', '-')}: got {value}; it is at least 1")
        if self.rows > self.queue:
            raise ServeError(f"--rows: got {self.rows}, but --queue is {self.queue}; a request that large would never find room")
