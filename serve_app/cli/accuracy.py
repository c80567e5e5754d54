"""Labelled photos -> what a service says of each: over HTTP, some at a time.

Knows neither how photos were labelled nor what is made of the answers.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from argus_client import (
    ArgusClientError,
    AsyncArgusClient,
    Classification,
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
_TIMEOUT_S = 60.0
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
    outcomes: list[Outcome] = []
    async with AsyncArgusClient(url, api_key=api_key, timeout_s=_TIMEOUT_S) as client:
        answers = client.classify_many(
            [photo.path for photo in photos], concurrency=concurrency, ordered=True, model=model, top_k=TOP_K
        )
        async with aclosing(answers):
            async for _, answer in answers:
                outcomes.append(_judge(photos[len(outcomes)], answer))
                advance()
    return outcomes


def _judge(photo: LabelledPhoto, answer: Classification | ArgusClientError | OSError) -> Outcome:
    match answer:
        case Classification():
            return Outcome(photo, answer.predictions, answer.model)
        case OSError():
            return Outcome(photo, error=f"It cannot be read: {answer.strerror}.")
    if isinstance(answer, _OF_ONE_PHOTO):
        return Outcome(photo, error=str(answer))
    raise answer
