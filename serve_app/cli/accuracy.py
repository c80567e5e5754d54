"""Labelled photos -> what a service says of each: over HTTP, some at a time.

Knows neither how photos were labelled nor what is made of the answers.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from argus_client import (
    ArgusClientError,
    AsyncArgusClient,
    DeadlineExceeded,
    ImageTooLarge,
    Internal,
    Overloaded,
    PayloadTooLarge,
    Prediction,
    RateLimited,
    UndecodableImage,
    UnsupportedMediaType,
)
from argus_client.results import ModelRef
from serve_app.cli.labelled import LabelledPhoto

TOP_K = 5
# A busy service is waited for: a photo that was left out would change the figure.
_TIMEOUT_S = 120.0
_RETRIES = 20
# What can be wrong with one photo; anything else would be wrong with the next one too.
_OF_ONE_PHOTO = (
    UndecodableImage,
    ImageTooLarge,
    UnsupportedMediaType,
    PayloadTooLarge,
    Overloaded,
    RateLimited,
    DeadlineExceeded,
    Internal,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a photo: predictions, the highest score first, or why there are none."""

    photo: LabelledPhoto
    predictions: Sequence[Prediction] = ()
    model: ModelRef | None = None
    error: str = ""

    @property
    def rank(self) -> int | None:
        """At which place the right class is, 1 for the first; None where it is not among them."""
        ids = [prediction.class_id for prediction in self.predictions]
        return ids.index(self.photo.class_id) + 1 if self.photo.class_id in ids else None


async def classify_photos(
    url: str,
    photos: Sequence[LabelledPhoto],
    *,
    api_key: str | None = None,
    model: str | None = None,
    concurrency: int = 8,
    advance: Callable[[], object] = lambda: None,
) -> list[Outcome]:
    """Every photo through the service, in order; advance: called when one is done.

    Raises ArgusClientError for what is wrong with more than one photo.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = iter(enumerate(photos))

    async with AsyncArgusClient(url, api_key=api_key, timeout_s=_TIMEOUT_S, retries=_RETRIES) as client:

        async def work() -> None:
            for number, photo in waiting:
                outcomes[number] = await _classify(client, photo, model)
                advance()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(photos))):
                    group.create_task(work())
        except* ArgusClientError as errors:
            raise errors.exceptions[0] from None
    return [outcomes[number] for number in range(len(photos))]


async def _classify(client: AsyncArgusClient, photo: LabelledPhoto, model: str | None) -> Outcome:
    try:
        answer = await client.classify(photo.path, model=model, top_k=TOP_K)
    except _OF_ONE_PHOTO as error:
        return Outcome(photo, error=str(error))
    except OSError as error:
        return Outcome(photo, error=f"It cannot be read: {error.strerror}.")
    return Outcome(photo, answer.predictions, answer.model)
