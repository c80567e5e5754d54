"""The client for code with an event loop: how a call's steps are done with httpx without blocking.

Everything there is to decide is in `requests`, `answers` and `exchange`, shared with the other client.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from argus_client.calls import DEFAULT_URL, Calls
from argus_client.errors import ProblemError
from argus_client.exchange import Exchange, Failure, Send, Wait
from argus_client.many import Outcome, Source
from argus_client.many_tasks import Tasks
from argus_client.requests import Image, Options
from argus_client.results import Classification, Model, Readiness, ServiceStatus
from argus_client.ways import Ways

if TYPE_CHECKING:
    import httpx

    from argus_client.answers import Answer

T = TypeVar("T")


class AsyncArgusClient:
    """Calls an Argus service; one instance may be shared by any number of tasks of one event loop.

    base_url: where the service listens; timeout_s: for a whole call, retries included; transport: replaces the
    network, for tests; retries: attempts after the first, see `exchange`. Closes its connections at the end of an
    `async with` block, or with `aclose`.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        transport: "httpx.AsyncBaseTransport | None" = None,
        retries: int = 2,
    ) -> None:
        self._calls = Calls(base_url, api_key=api_key, timeout_s=timeout_s, retries=retries)
        self._ways = Ways(self._calls, transport)

    async def classify(
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
        return await self._run(
            self._calls.classify(image, Options(model, top_k, min_score), filename=filename, timeout_s=timeout_s)
        )

    async def classify_batch(
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
        return await self._run(
            self._calls.classify_batch(images, Options(model, top_k, min_score), timeout_s=timeout_s)
        )

    def classify_many(
        self,
        images: Iterable[Source] | AsyncIterable[Source],
        *,
        concurrency: int = 16,
        ordered: bool = False,
        model: str | None = None,
        top_k: int = 5,
        min_score: float = 0.0,
        timeout_s: float | None = None,
    ) -> AsyncGenerator[tuple[Source, Outcome], None]:
        """Classify any number of images; gives each with its answer, or with the error that it alone got.

        images: taken one by one as requests end, so they may be generated and may be endless. concurrency: requests
        under way at a time, each with one image; fewer while the service refuses some. ordered: results come as the
        images do; otherwise as they are answered. timeout_s: for one attempt at an image; and how long the service may
        go on refusing everything before images are given up. Until then a refusal is waited out for as long as the
        service says, and the image is sent again.

        An image's error is an ArgusClientError, or OSError when its file cannot be read; it ends nothing. What
        iterating over `images` raises is raised. Close what is left early: `contextlib.aclosing`.
        """
        options = Options(model, top_k, min_score)
        many = self._calls.classify_many(options, concurrency=concurrency, timeout_s=timeout_s)
        return Tasks[Source](many, self._ways.send).run(images, ordered=ordered)

    async def models(self, *, timeout_s: float | None = None) -> list[Model]:
        """Every model that the service serves."""
        return await self._run(self._calls.models(timeout_s))

    async def model(self, name: str, *, timeout_s: float | None = None) -> Model:
        """One model; raises ModelNotFound."""
        return await self._run(self._calls.model(name, timeout_s))

    async def labels(self, name: str, *, timeout_s: float | None = None) -> list[str]:
        """The labels of a model, by class id; raises ModelNotFound."""
        return await self._run(self._calls.labels(name, timeout_s))

    async def status(self, *, timeout_s: float | None = None) -> ServiceStatus:
        """What the service is doing now, over all its replicas; ask as often as once a second."""
        return await self._run(self._calls.status(timeout_s))

    async def live(self) -> bool:
        """Whether the service runs; False when it cannot be reached."""
        return await self._run(self._calls.live())

    async def ready(self) -> Readiness:
        """Whether the service can classify now; a service that is not there is a state, not an error."""
        return await self._run(self._calls.ready())

    async def aclose(self) -> None:
        """Close every connection."""
        await self._ways.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self, steps: Exchange[T]) -> T:
        outcome: Answer | Failure | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            match step:
                case Send(request, timeout_s):
                    outcome = await self._ways.send(request, timeout_s)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                    outcome = None
