"""The client for code without an event loop: how a call's steps are done with httpx.

Everything there is to decide is in `requests`, `answers` and `exchange`, shared with the other client.
"""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx

from argus_client.answers import Answer
from argus_client.calls import DEFAULT_URL, Calls, answer, arguments
from argus_client.errors import ProblemError
from argus_client.exchange import Exchange, Failure, Send, Wait
from argus_client.requests import Image, Request
from argus_client.results import Classification, Model, Readiness, ServiceStatus

T = TypeVar("T")


class ArgusClient:
    """AsyncArgusClient for code without an event loop; may be shared by threads.

    Closes its connections at the end of a `with` block, or with `close`.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        retries: int = 2,
    ) -> None:
        self._calls = Calls(base_url, timeout_s=timeout_s, retries=retries)
        self._http = httpx.Client(transport=transport, **self._calls.options(api_key))

    def classify(
        self,
        image: Image,
        *,
        filename: str | None = None,
        model: str | None = None,
        top_k: int = 5,
        min_score: float = 0.0,
    ) -> Classification:
        """Classify one encoded image; raises an ArgusClientError, or OSError when its file cannot be read."""
        return self._run(self._calls.classify(image, filename=filename, model=model, top_k=top_k, min_score=min_score))

    def classify_batch(
        self, images: Sequence[Image], *, model: str | None = None, top_k: int = 5, min_score: float = 0.0
    ) -> list[Classification | ProblemError]:
        """Classify several images in one request; the list is in their order, an image's error stands at its place.

        Raises an ArgusClientError when the request as a whole fails.
        """
        if not images:
            return []
        return self._run(self._calls.classify_batch(images, model=model, top_k=top_k, min_score=min_score))

    def models(self) -> list[Model]:
        """Every model that the service serves."""
        return self._run(self._calls.models())

    def model(self, name: str) -> Model:
        """One model; raises ModelNotFound."""
        return self._run(self._calls.model(name))

    def labels(self, name: str) -> list[str]:
        """The labels of a model, by class id; raises ModelNotFound."""
        return self._run(self._calls.labels(name))

    def status(self) -> ServiceStatus:
        """What the service is doing now, over all its replicas; ask as often as once a second."""
        return self._run(self._calls.status())

    def live(self) -> bool:
        """Whether the service runs; False when it cannot be reached."""
        return self._run(self._calls.live())

    def ready(self) -> Readiness:
        """Whether the service can classify now; a service that is not there is a state, not an error."""
        return self._run(self._calls.ready())

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, steps: Exchange[T]) -> T:
        outcome: Answer | Failure | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            match step:
                case Send(request, timeout_s):
                    outcome = self._send(request, timeout_s)
                case Wait(seconds):
                    time.sleep(seconds)
                    outcome = None

    def _send(self, request: Request, timeout_s: float) -> Answer | Failure:
        began = time.perf_counter()
        body = bytearray()
        try:
            with self._http.stream(**arguments(request, timeout_s)) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    # httpx bounds each wait for the network; an answer that trickles in needs a bound on the whole.
                    if time.perf_counter() - began > timeout_s:
                        return self._calls.timed_out(sent=True)
        except httpx.TransportError as error:
            return self._calls.failure(error)
        return answer(response, bytes(body), (time.perf_counter() - began) * 1000)
