"""`POST /v2/models/{model}/infer`: body -> request -> core -> answer, with what surrounds every classify request."""

import time

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from serve_app.classifier import Backend
from serve_app.errors import MalformedRequest
from serve_app.http.access import AccessControl
from serve_app.http.compression import choose_coding, compress, read_plain_body
from serve_app.http.connection import NoAnswer, work_while_connected
from serve_app.http.context import BodyBudget
from serve_app.open_inference.inference import OpenInference
from serve_app.open_inference.messages import InferResponse
from serve_app.open_inference.rest_codec import BinaryOutputs, read_raw_request, read_request, render_response
from serve_app.open_inference.views import View, find_view

HEADER_LENGTH = "Inference-Header-Content-Length"


class InferOperation:
    """Answers infer requests. access: the same for every protocol, so that a client has one rate. budget: likewise.

    max_images: most in a request.
    """

    def __init__(
        self, backend: Backend, core: OpenInference, access: AccessControl, budget: BodyBudget, *, max_images: int
    ) -> None:
        self._max_images = max_images
        self._backend = backend
        self._core = core
        self._access = access
        self._budget = budget

    async def answer(self, request: Request, name: str, version: str) -> Response:
        """The answer of the view of that name. version: "" is any. Raises HttpError."""
        arrived = time.monotonic()
        view = find_view(self._backend, name, version)
        request.state.model = view.model.name
        self._access.check(request, view.model.name)
        try:
            async with read_plain_body(request, self._budget) as body:
                response, binary = await self._infer(request, view, version, body, arrived)
        except ClientDisconnect:
            return NoAnswer()
        _note(request, response)
        return await _render(request, response, binary)

    async def _infer(
        self, request: Request, view: View, version: str, body: bytes, arrived: float
    ) -> tuple[InferResponse, BinaryOutputs]:
        header_length = _read_header_length(request)
        if header_length == 0:
            asked, binary = read_raw_request(view, version, body, arrived)
        else:
            most = self._max_images
            asked, binary = read_request(view, version, body, header_length, arrived, max_images=most)
        return await work_while_connected(request.receive, self._core.infer(asked)), binary


def _read_header_length(request: Request) -> int | None:
    sent = request.headers.get(HEADER_LENGTH)
    if sent is None:
        return None
    if not (sent.isascii() and sent.isdecimal()):
        raise MalformedRequest(f"{HEADER_LENGTH} is a number of bytes, 0 or more.")
    return int(sent)


def _note(request: Request, response: InferResponse) -> None:
    """Leave what is told of a request, as a classify request does."""
    slowest = response.slowest
    stages = {"decode": slowest.decode_ms, "queue": slowest.queue_ms, "inference": slowest.inference_ms}
    request.state.server_timing.update(stages)
    request.state.slowest = slowest
    request.state.images = response.images


async def _render(request: Request, response: InferResponse, binary: BinaryOutputs) -> Response:
    body, header_length = render_response(response, binary)
    headers = {} if header_length is None else {HEADER_LENGTH: str(header_length)}
    coding = choose_coding(request.headers.get("accept-encoding", ""))
    if coding is not None:
        body = await compress(body, coding)
        headers["Content-Encoding"] = coding
    media_type = "application/json" if header_length is None else "application/octet-stream"
    return Response(body, headers=headers, media_type=media_type)
