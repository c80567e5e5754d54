"""The client for code without an event loop: how a call's steps are done with httpx.

Everything there is to decide is in `requests`, `answers` and `exchange`, shared with the other client.
"""

import time
from collections.abc import Generator, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from argus_client.answers import Answer
from argus_client.bodies import FileBody
from argus_client.calls import DEFAULT_URL, Calls
from argus_client.errors import ProblemError
from argus_client.exchange import Exchange, Failure, Send, Wait
from argus_client.many import Outcome, Source
from argus_client.many_threads import Threads
from argus_client.requests import Image, Options, Request
from argus_client.results import Classification, Model, Readiness, ServiceStatus

if TYPE_CHECKING:
    import httpx

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
        transport: "httpx.BaseTransport | None" = None,
        retries: int = 2,
    ) -> None:
        import httpx

        from argus_client import through_httpx

        self._calls = Calls(base_url, api_key=api_key, timeout_s=timeout_s, retries=retries)
        self._http = httpx.Client(transport=transport, **through_httpx.options(self._calls))

    def classify(
        self,
        image: Image,
        *,
        filename: str | None = None,
        model: str | None = None,
        top_k: int = 5,
        min_score: float = 0.0,
        timeout_s: float | None = None,
    ) -> Classification:
        """Classify one encoded image; raises an ArgusClientError, or OSError when its file cannot be read.

        A file of a MiB or more is read while it is sent, and read again for a further attempt.
        """
        return self._run(
            self._calls.classify(image, Options(model, top_k, min_score), filename=filename, timeout_s=timeout_s)
        )

    def classify_batch(
        self,
        images: Sequence[Image],
        *,
        model: str | None = None,
        top_k: int = 5,
        min_score: float = 0.0,
        timeout_s: float | None = None,
    ) -> list[Classification | ProblemError]:
        """Classify several images in one request; the list is in their order, an image's error stands at its place.

        Raises an ArgusClientError when the request as a whole fails.
        """
        if not images:
            return []
        return self._run(self._calls.classify_batch(images, Options(model, top_k, min_score), timeout_s=timeout_s))

    def classify_many(
        self,
        images: Iterable[Source],
        *,
        concurrency: int = 16,
        ordered: bool = False,
        model: str | None = None,
        top_k: int = 5,
        min_score: float = 0.0,
        timeout_s: float | None = None,
    ) -> Generator[tuple[Source, Outcome], None, None]:
        """Classify any number of images; gives each with its answer, or with the error that it alone got.

        See AsyncArgusClient.classify_many. Leaving the loop early waits for the requests that are under way.
        """
        options = Options(model, top_k, min_score)
        many = self._calls.classify_many(options, concurrency=concurrency, timeout_s=timeout_s)
        return Threads[Source](many, self._send).run(images, ordered=ordered)

    def models(self, *, timeout_s: float | None = None) -> list[Model]:
        """Every model that the service serves."""
        return self._run(self._calls.models(timeout_s))

    def model(self, name: str, *, timeout_s: float | None = None) -> Model:
        """One model; raises ModelNotFound."""
        return self._run(self._calls.model(name, timeout_s))

    def labels(self, name: str, *, timeout_s: float | None = None) -> list[str]:
        """The labels of a model, by class id; raises ModelNotFound."""
        return self._run(self._calls.labels(name, timeout_s))

    def status(self, *, timeout_s: float | None = None) -> ServiceStatus:
        """What the service is doing now, over all its replicas; ask as often as once a second."""
        return self._run(self._calls.status(timeout_s))

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
        import httpx

        from argus_client import through_httpx

        began = time.perf_counter()
        body = bytearray()
        try:
            with self._http.stream(**through_httpx.arguments(request, timeout_s, FileBody.read)) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    # httpx bounds each wait for the network; an answer that trickles in needs a bound on the whole.
                    if time.perf_counter() - began > timeout_s:
                        return through_httpx.timed_out(self._calls.base_url, sent=True)
        except httpx.TransportError as error:
            return through_httpx.failure(error, self._calls.base_url)
        return through_httpx.answer(response, bytes(body), (time.perf_counter() - began) * 1000)
