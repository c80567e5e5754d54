"""One photo of another protocol's request -> logits, with all that surrounds a classify request."""

from typing import NoReturn

from fastapi import Request

from serve_app.classifier import Backend, ServedModel
from serve_app.errors import RequestError
from serve_app.http.access import AccessControl
from serve_app.http.connection import work_while_connected
from serve_app.http.uploads import Upload
from serve_app.meters import Meters
from serve_app.postprocessing import Logits
from serve_app.settings import LimitSettings


class PhotoOperation:
    """What the drop-in protocols share.

    limits: of uploads. access: the same for every protocol, so that a client has one rate. meters: counts the images.
    """

    def __init__(self, backend: Backend, limits: LimitSettings, access: AccessControl, meters: Meters) -> None:
        self.limits = limits
        self._backend = backend
        self._access = access
        self._meters = meters

    def admit(self, request: Request, name: str | None) -> ServedModel:
        """The model of that name, the default one for None, if this client may use it now. Raises HttpError."""
        model = self._backend.find(name)
        request.state.model = model.name
        self._access.check(request, model.name)
        return model

    async def infer(self, request: Request, model: ServedModel, upload: Upload) -> Logits:
        """The logits of the photo, whose request has been read to its end.

        Raises HttpError, and ClientDisconnect when nobody waits for the answer any more.
        """
        if upload.error is not None:
            self._fail(model, upload.error)
        work = self._backend.infer([upload.data], model=model.name)
        (answer,) = await work_while_connected(request.receive, work)
        if isinstance(answer, RequestError):
            self._fail(model, answer)
        timing = answer.timing
        self._meters.count_image(model.name, timing.decode_ms, timing.queue_ms, timing.inference_ms)
        stages = {"decode": timing.decode_ms, "queue": timing.queue_ms, "inference": timing.inference_ms}
        request.state.server_timing.update(stages)
        request.state.slowest = timing
        request.state.images = 1
        return answer.logits

    def _fail(self, model: ServedModel, error: RequestError) -> NoReturn:
        self._meters.count_failed_image(model.name, error.code)
        raise error
