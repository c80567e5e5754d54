"""An infer request's whole way: its view, its images, the model, the tensors of its answer; counted on the way out."""

import asyncio
import time

from serve_app.classifier import Backend, LogitsResult, Timing
from serve_app.errors import DeadlineExceeded, HttpError, RequestError
from serve_app.meters import Meters
from serve_app.open_inference.inputs import read_input
from serve_app.open_inference.messages import InferRequest, InferResponse
from serve_app.open_inference.outputs import check_outputs, make_outputs
from serve_app.open_inference.statistics import Counts, count_failure, count_success
from serve_app.open_inference.views import VERSION, View, find_view
from serve_app.settings import LimitSettings


class OpenInference:
    """Answers infer requests, whatever they travelled in. Use it from one event loop.

    Who may ask is checked by the door that the request came through; admission and deadlines are the backend's.
    meters: counts the images, as for a classify request, and the statistics of this protocol.
    """

    def __init__(self, backend: Backend, limits: LimitSettings, meters: Meters) -> None:
        self._backend = backend
        self._limits = limits
        self._meters = meters

    async def infer(self, request: InferRequest) -> InferResponse:
        """The answer, or an HttpError: an image at fault is the whole request's error, as the protocol has it.

        A caller that is cancelled takes its images with it, and is not counted.
        """
        view = find_view(self._backend, request.model, request.version)
        try:
            async with asyncio.timeout(request.timeout_s):
                response, counts = await self._infer(view, request)
        except TimeoutError:
            self._count_failure(view, request)
            raise DeadlineExceeded(
                f"The request's own timeout of {request.timeout_s:g} s has passed. Allow it more time."
            ) from None
        except HttpError:
            self._count_failure(view, request)
            raise
        self._meters.count_inference(view.name, counts)
        return response

    async def _infer(self, view: View, request: InferRequest) -> tuple[InferResponse, Counts]:
        requested = check_outputs(request.outputs)
        if view.takes_tensor:  # in a thread: a tensor of many images takes longer than others should wait
            images = await asyncio.to_thread(read_input, view, request.inputs, self._limits)
        else:
            images = read_input(view, request.inputs, self._limits)
        input_s = time.monotonic() - request.arrived_at
        results = self._count_images(view, await self._backend.infer(images, model=view.model.name))
        answered = time.monotonic()
        outputs = make_outputs([result.logits for result in results], view.model.card.labels, requested)
        finished = time.monotonic()
        slowest = max((result.timing for result in results), key=_total_ms)
        counts = count_success(
            slowest,
            total_s=finished - request.arrived_at,
            input_s=input_s,
            output_s=finished - answered,
            batch_sizes=[result.timing.batch_size for result in results],
        )
        served = view.model.name
        return InferResponse(view.name, VERSION, request.id, outputs, served, len(results), slowest), counts

    def _count_images(self, view: View, answers: list[LogitsResult | RequestError]) -> list[LogitsResult]:
        """All of them, if none is an error. Raises the first."""
        for answer in answers:
            if isinstance(answer, RequestError):
                self._meters.count_failed_image(view.model.name, answer.code)
            else:
                timing = answer.timing
                self._meters.count_image(view.model.name, timing.decode_ms, timing.queue_ms, timing.inference_ms)
        results = [answer for answer in answers if isinstance(answer, LogitsResult)]
        if len(results) < len(answers):
            raise next(answer for answer in answers if isinstance(answer, RequestError))
        return results

    def _count_failure(self, view: View, request: InferRequest) -> None:
        self._meters.count_inference(view.name, count_failure(total_s=time.monotonic() - request.arrived_at))


def _total_ms(timing: Timing) -> float:
    return timing.total_ms
