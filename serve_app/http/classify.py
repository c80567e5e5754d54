"""`POST /v1/classify`: uploads -> backend -> answer, and the short way there past the framework's layers.

The routes in `v1` describe the operation and answer it inside FastAPI. In front of them stands `ShortWay`, plain ASGI,
which answers the same requests by the same code without FastAPI's routing, middlewares and dependencies: beside a model
that takes milliseconds, those are a measurable share. What is not a classify request passes through.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from serve_app.classifier import Backend, ImageResult, ServedModel, Timing
from serve_app.errors import DeadlineExceeded, HttpError, NotReady, RequestError, UrlNotFetched
from serve_app.http.access import AccessControl
from serve_app.http.connection import work_while_connected
from serve_app.http.problems import answer_unforeseen, describe_problem, refuse_parameter, render_problem
from serve_app.http.routes import find_model, name_classify
from serve_app.http.uploads import ImageLink, LinkedImages, Upload, read_uploads
from serve_app.meters import Meters
from serve_app.settings import Settings

if TYPE_CHECKING:
    from serve_app.http.remote.images import RemoteImages

_REMOTE_OFF = (
    "This service fetches no images. Send the image itself, or ask its operator for remote_images.enabled: true in "
    "serve_config.yaml."
)


class ClassifyOptions(BaseModel):
    """The query of a classify request."""

    top_k: int = Field(default=5, ge=1, le=10_000, description="Most predictions of one image.")
    min_score: float = Field(default=0.0, ge=0.0, le=1.0, description="Leaves out predictions that score lower.")


_DEFAULTS = ClassifyOptions()


class ClassifyOperation:
    """What both ways to the operation share. `access` is every protocol's.

    meters: counts the images. remote: fetches those that are named by address; None where that is off.
    """

    def __init__(
        self, backend: Backend, settings: Settings, meters: Meters, remote: "RemoteImages | None" = None
    ) -> None:
        self._backend = backend
        self._meters = meters
        self._limits = settings.limits
        self._deadline_s = settings.overload.deadline_s
        self._remote = remote
        self.access = AccessControl(settings.access)

    async def answer(self, request: Request, name: str | None, options: ClassifyOptions) -> Response:
        """Classify the request's images with the model of that name, the default one for None.

        Raises HttpError, and ClientDisconnect when nobody waits for the answer any more.
        """
        model = self._backend.find(name)
        request.state.model = model.name
        self.access.check(request, model.name)
        uploads = await read_uploads(request, self._limits)
        if isinstance(uploads, LinkedImages):
            return await self._fetch_and_answer(request, model, options, uploads)
        return await self._answer(request, model, options, uploads)

    async def _fetch_and_answer(
        self, request: Request, model: ServedModel, options: ClassifyOptions, images: LinkedImages
    ) -> Response:
        """As `_answer`, with the links fetched first; the deadline is that of both together."""
        if self._remote is None:
            off = Upload(None, error=UrlNotFetched(_REMOTE_OFF))
            uploads = [off if isinstance(image, ImageLink) else image for image in images]
            return await self._answer(request, model, options, uploads)
        if not self._backend.ready:
            raise NotReady("The service is stopping. Try again.", retry_after_s=1.0)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._deadline_s), self._remote.fetch(images, request.receive) as uploads:
                request.state.server_timing["fetch"] = (time.monotonic() - started) * 1e3
                return await self._answer(request, model, options, uploads)
        except TimeoutError:
            raise DeadlineExceeded("The deadline passed before the answer was there. Try again later.") from None

    async def _answer(
        self, request: Request, model: ServedModel, options: ClassifyOptions, uploads: list[Upload]
    ) -> Response:
        sound = [upload.data for upload in uploads if upload.error is None]
        answers: list[ImageResult | RequestError] = []
        if sound:
            work = self._backend.classify(sound, model=model.name, top_k=options.top_k, min_score=options.min_score)
            answers = await work_while_connected(request.receive, work)
        remaining = iter(answers)
        outcomes = [(upload, upload.error or next(remaining)) for upload in uploads]
        self._count(model.name, outcomes)
        if len(outcomes) == 1 and isinstance(outcomes[0][1], RequestError):
            raise outcomes[0][1]
        return _render(request, model, outcomes)

    def _count(self, model: str, outcomes: list[tuple[Upload, ImageResult | RequestError]]) -> None:
        for _, outcome in outcomes:
            if isinstance(outcome, RequestError):
                self._meters.count_failed_image(model, outcome.code)
            else:
                timing = outcome.timing
                self._meters.count_image(model, timing.decode_ms, timing.queue_ms, timing.inference_ms)


class ShortWay:
    """Answers classify requests itself and hands everything else on."""

    def __init__(self, app: ASGIApp, operation: ClassifyOperation) -> None:
        self._app = app
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = find_model(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        scope["state"]["route"] = name_classify(found[0])
        try:
            options = _parse_options(scope["query_string"]) if scope["query_string"] else _DEFAULTS
            response = await self._operation.answer(request, found[0], options)
        except HttpError as error:
            response = render_problem(error, request.state.request_id)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  # the client gets an answer whatever happened
            response = answer_unforeseen(error, request)
        await response(scope, receive, send)


def _parse_options(query: bytes) -> ClassifyOptions:
    try:
        return ClassifyOptions.model_validate(dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)))
    except ValidationError as error:
        first = error.errors()[0]
        raise refuse_parameter(str(first["loc"][0]), first["msg"]) from None


def _render(
    request: Request, model: ServedModel, outcomes: list[tuple[Upload, ImageResult | RequestError]]
) -> Response:
    request_id = request.state.request_id
    stages = {"decode": 0.0, "queue": 0.0, "inference": 0.0}
    slowest: Timing | None = None
    results: list[dict[str, Any]] = []
    for upload, outcome in outcomes:
        if isinstance(outcome, RequestError):
            results.append({"filename": upload.filename, "error": describe_problem(outcome, request_id)})
            continue
        timing = outcome.timing
        if slowest is None or timing.total_ms > slowest.total_ms:
            slowest = timing
        timing_ms = {"decode": timing.decode_ms, "queue": timing.queue_ms, "inference": timing.inference_ms}
        stages = {stage: max(ms, timing_ms[stage]) for stage, ms in stages.items()}  # of the slowest image
        results.append(
            {
                "filename": upload.filename,
                "width": outcome.width,
                "height": outcome.height,
                "predictions": [
                    {"class_id": p.class_id, "label": p.label, "score": round(p.score, 6)} for p in outcome.predictions
                ],
                "timing_ms": {stage: round(ms, 2) for stage, ms in timing_ms.items()},
            }
        )
    request.state.server_timing.update(stages)
    request.state.slowest = slowest
    request.state.images = sum(isinstance(outcome, ImageResult) for _, outcome in outcomes)
    return render_json(
        {
            "request_id": request_id,
            "model": {"name": model.name, "version": model.card.version},
            "results": results,
        }
    )


def render_json(value: Any) -> Response:
    """An answer of status 200."""
    return Response(orjson.dumps(value), media_type="application/json")
