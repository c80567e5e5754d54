"""A photo from the page's script to the service and back: answers, waits, failures, limits. No browser, no Reflex."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from argus_client import (
    ArgusClientError,
    Classification,
    ModelRef,
    Overloaded,
    Prediction,
    ServiceUnreachable,
    Timing,
    UndecodableImage,
)
from reflex_frontend.answering import PhotoAnswers

FOUND = Classification(
    filename="cat.jpg",
    width=451,
    height=300,
    predictions=(Prediction(281, "tabby", 0.61),),
    timing=Timing(decode_ms=2.0, queue_ms=0.5, inference_ms=6.0, total_ms=10.0),
    model=ModelRef("efficientnet_lite0", "9f3c"),
    request_id="r-1",
)


class FakeClassifier:
    """Answers with what it was given, an error included; remembers what it was asked."""

    def __init__(self, *answers: Classification | ArgusClientError) -> None:
        self.answers = list(answers) or [FOUND]
        self.asked: list[dict[str, Any]] = []
        self.hold: asyncio.Event | None = None
        self.cancelled = False

    async def classify(self, image: bytes, **options: Any) -> Classification:
        self.asked.append({"image": image, **options})
        if self.hold:
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
        answer = self.answers.pop(0)
        if isinstance(answer, ArgusClientError):
            raise answer
        return answer


async def unused(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"the application"})


def answers(classifier: FakeClassifier, *, ready: bool = True, max_pending_bytes: int = 10_000) -> PhotoAnswers:
    async def readiness(wait_s: float) -> bool:
        return ready

    return PhotoAnswers(
        unused,
        classifier=lambda: classifier,
        readiness=readiness,
        max_bytes=1000,
        max_pending_bytes=max_pending_bytes,
    )


def browser(app: PhotoAnswers) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx's own, narrower types for ASGI
    return httpx.AsyncClient(transport=transport, base_url="http://argus.test")


async def test_a_photo_is_answered_with_labels_times_and_origin() -> None:
    """Name and model arrive at the service, decoded."""
    classifier = FakeClassifier()
    async with browser(answers(classifier)) as http:
        answer = await http.post("/photos?model=other", content=b"photo", headers={"X-Photo-Name": "a%20cat.jpg"})
    outcome = answer.json()
    assert outcome["outcome"] == "done"
    assert outcome["answer"]["labels"] == [{"label": "tabby", "score": 0.61}]
    assert outcome["answer"]["network_ms"] == pytest.approx(1.5)
    assert outcome["preview"] == ""
    asked = classifier.asked[0]
    assert (asked["image"], asked["filename"], asked["model"]) == (b"photo", "a cat.jpg", "other")


async def test_a_busy_service_makes_the_photo_wait_for_the_time_it_named() -> None:
    """With words for now, and words for the end of patience."""
    busy = Overloaded(status=429, code="overloaded", title="Full", detail="It is full.", retry_after_s=7.0)
    async with browser(answers(FakeClassifier(busy))) as http:
        outcome = (await http.post("/photos", content=b"photo")).json()
    assert (outcome["outcome"], outcome["until"], outcome["pause_ms"]) == ("wait", "time", 7000)
    assert outcome["trouble"]["title"] == "The service is busy"
    assert outcome["final"]["can_retry"] is True


async def test_an_absent_service_makes_the_photo_wait_for_readiness() -> None:
    """However long that takes."""
    async with browser(answers(FakeClassifier(ServiceUnreachable("nobody there")))) as http:
        outcome = (await http.post("/photos", content=b"photo")).json()
    assert (outcome["outcome"], outcome["until"]) == ("wait", "readiness")


async def test_a_bad_photo_fails_for_good_with_its_code() -> None:
    """Sending it again would change nothing, and it says so."""
    bad = UndecodableImage(status=422, code="undecodable_image", title="Undecodable", detail="It is cut short.")
    async with browser(answers(FakeClassifier(bad))) as http:
        outcome = (await http.post("/photos", content=b"photo")).json()
    assert outcome["outcome"] == "failed"
    assert outcome["trouble"]["code"] == "undecodable_image"
    assert outcome["trouble"]["can_retry"] is False


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(100)


async def test_a_photo_past_the_limit_is_refused_whatever_it_declared() -> None:
    """Counted as received; the service never hears of it."""
    classifier = FakeClassifier()
    async with browser(answers(classifier)) as http:
        answer = await http.post("/photos", content=chunks(11))
    assert answer.status_code == 413
    assert answer.json()["trouble"]["title"] == "The file is too large"
    assert not classifier.asked


async def test_photos_beyond_the_room_for_all_wait_and_those_inside_are_answered() -> None:
    """Room is for what is held at this moment, and is free again afterwards."""
    classifier = FakeClassifier(FOUND, FOUND)
    classifier.hold = asyncio.Event()
    async with browser(answers(classifier, max_pending_bytes=1200)) as http:
        first = asyncio.create_task(http.post("/photos", content=bytes(900)))
        while not classifier.asked:
            await asyncio.sleep(0)
        second = await http.post("/photos", content=bytes(900))
        classifier.hold.set()
        assert (await first).json()["outcome"] == "done"
        assert second.json()["outcome"] == "wait"
        assert (await http.post("/photos", content=bytes(900))).json()["outcome"] == "done"


async def test_a_browser_that_leaves_takes_its_work_along() -> None:
    """The call to the service is cancelled, and nothing is answered."""
    classifier = FakeClassifier()
    classifier.hold = asyncio.Event()
    messages = [{"type": "http.request", "body": b"photo"}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        message = messages.pop(0)
        while message["type"] == "http.disconnect" and not classifier.asked:
            await asyncio.sleep(0)
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/photos", "headers": [], "query_string": b""}
    await answers(classifier)(scope, receive, send)
    while not classifier.cancelled:
        await asyncio.sleep(0)
    assert not sent


@pytest.mark.parametrize("ready", [True, False])
async def test_the_script_may_wait_for_readiness(ready: bool) -> None:
    """One question that is answered when there is something to say."""
    async with browser(answers(FakeClassifier(), ready=ready)) as http:
        assert (await http.get("/photos/ready")).json() == {"ready": ready}


@pytest.mark.parametrize(("method", "path"), [("GET", "/photos"), ("POST", "/"), ("POST", "/photos/ready")])
async def test_everything_else_is_the_applications(method: str, path: str) -> None:
    """Other methods on the same addresses included."""
    async with browser(answers(FakeClassifier())) as http:
        assert (await http.request(method, path)).status_code == 418
