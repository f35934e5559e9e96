"""The routes. An answer is JSON; so is a refusal, `{"detail": "one sentence"}`."""

import time
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gencls.bundle import Bundle
from gencls.classifier import Prediction
from gencls.errors import InputError
from gencls.serve import page
from gencls.serve.batcher import Batcher, Full
from gencls.serve.limits import Guard, refusal
from gencls.serve.meters import Meters
from gencls.serve.options import Limits

SOON = {"retry-after": "1"}


class Asked(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid")

    texts: Annotated[list[str], Field(fail_fast=True, examples=[["where is my parcel?"]])]


class Answered(BaseModel):
    """The body of an answer: a prediction per text, in order."""

    predictions: list[Prediction]


class Refused(BaseModel):
    """The body of a refusal."""

    detail: str


def build(bundle: Bundle, batcher: Batcher, meters: Meters, limits: Limits, token: str | None) -> FastAPI:
    """The application around a batcher that somebody runs."""
    app = FastAPI(title=f"gencls: {bundle.data_set}", docs_url=None, redoc_url=None)  # their pages load scripts from elsewhere
    app.add_middleware(Guard, limits=limits, token=token)
    app.add_middleware(Counted, meters=meters)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _unusable)
    app.add_exception_handler(Exception, _failed)
    secured = [Depends(HTTPBearer(auto_error=False))] if token is not None else []  # said in /openapi.json; Guard is who looks
    _add_page(app, page.render(bundle, asks_for_token=token is not None))
    _add_states(app, batcher, meters, secured)
    _add_predict(app, batcher, meters, limits, secured)
    return app


def _add_page(app: FastAPI, html: str) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(html, headers={"content-security-policy": page.POLICY, "x-content-type-options": "nosniff"})


def _add_states(app: FastAPI, batcher: Batcher, meters: Meters, secured: list[Any]) -> None:
    @app.get("/healthz", summary="Whether the process is up")
    async def healthz() -> dict[str, str]:
        return {"status": "up"}

    @app.get("/readyz", summary="Whether the model is loaded", responses={503: {"model": Refused}})
    async def readyz() -> Any:
        return {"status": "ready"} if batcher.ready else _loading()

    @app.get("/metrics", summary="Counters for Prometheus", response_class=Response, dependencies=secured)
    async def metrics() -> Response:
        return Response(meters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_predict(app: FastAPI, batcher: Batcher, meters: Meters, limits: Limits, secured: list[Any]) -> None:
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in (401, 408, 413, 421, 422, 429, 503)}

    @app.post("/predict", summary="Labels of texts", response_model=Answered, responses=refusals, dependencies=secured)
    async def predict(asked: Asked) -> Any:
        if len(asked.texts) > limits.rows:
            return refusal(422, f"texts: got {len(asked.texts)} of them; a request has at most {limits.rows}.")
        if not batcher.ready:
            return _loading()
        try:
            predictions = await batcher.answer(asked.texts)
        except Full:
            return refusal(429, f"The queue of {limits.queue} rows is full; try again in a second.", SOON)
        meters.predicted(predictions)
        return Answered(predictions=predictions)


def _loading() -> Response:
    return refusal(503, "The model is being loaded; try again in a second.", SOON)


async def _invalid(request: Request, error: Exception) -> Response:
    """The first thing that is wrong with a body. What stood there is not repeated: it can be anything."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return refusal(422, f"The body is not JSON: {first['ctx']['error']} at character {first['loc'][1]}.")
    place = ".".join(map(str, first["loc"][1:]))[:80]
    return refusal(422, f'{place or "The body"}: {first["msg"]}; send {{"texts": ["…"]}} as application/json.')


async def _unusable(request: Request, error: Exception) -> Response:
    return refusal(422, f"{error}.")


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(500, "The model failed; the server's log says why.")


class Counted:
    """ASGI middleware: counts the answers to /predict."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app, self._meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and look at the answer."""
        if scope.get("path") != "/predict":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._meters.request(message["status"], time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, seen)
