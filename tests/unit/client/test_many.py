"""Many images: every one gets an outcome, few are in memory, and none ends the run."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from argus_client import (
    ArgusClient,
    AsyncArgusClient,
    Classification,
    Overloaded,
    ServiceUnreachable,
    UndecodableImage,
)
from argus_client.answers import Answer
from argus_client.exchange import Exchange, Failure
from argus_client.many import Many, Outcome
from argus_client.many_tasks import Tasks
from argus_client.pace import Pace
from argus_client.requests import Image, Request
from tests.unit.client.service import ITEM, classified, problem

Handler = Callable[[httpx.Request], httpx.Response]
Classify = Callable[..., list[tuple[Image, Outcome]]]


def classify_in_threads(handler: Handler, images: Iterable[Image], **options: Any) -> list[tuple[Image, Outcome]]:
    """All of them, by the blocking client."""
    with ArgusClient(transport=httpx.MockTransport(handler), **options.pop("client", {})) as client:
        return list(client.classify_many(images, **options))


def classify_in_tasks(handler: Handler, images: Iterable[Image], **options: Any) -> list[tuple[Image, Outcome]]:
    """All of them, by the asynchronous client."""

    async def run() -> list[tuple[Image, Outcome]]:
        async with AsyncArgusClient(transport=httpx.MockTransport(handler), **options.pop("client", {})) as client:
            return [pair async for pair in client.classify_many(images, **options)]

    return asyncio.run(run())


@pytest.fixture(params=[classify_in_threads, classify_in_tasks])
def classify(request: pytest.FixtureRequest) -> Classify:
    """Either client's way."""
    way: Classify = request.param
    return way


def answer(_request: httpx.Request) -> httpx.Response:
    """A service that answers everything."""
    return classified(ITEM)


def test_every_image_has_an_outcome_and_a_bad_one_ends_nothing(classify: Classify, tmp_path: Path) -> None:
    """A file that is missing and an image that is damaged are values beside the answers of the others."""

    def handler(request: httpx.Request) -> httpx.Response:
        return problem(422, "undecodable_image") if request.content == b"damaged" else classified(ITEM)

    (tmp_path / "cat.jpg").write_bytes(b"cat")
    images: list[Image] = [tmp_path / "cat.jpg", str(tmp_path / "none.jpg"), b"damaged", b"dog"]
    outcomes = dict(classify(handler, images))
    assert list(map(type, (outcomes[image] for image in images))) == [
        Classification,
        FileNotFoundError,
        UndecodableImage,
        Classification,
    ]
    assert outcomes[images[0]].filename == "cat.jpg"  # type: ignore[union-attr]


def test_ordered_results_come_as_the_images_do(classify: Classify) -> None:
    """An image that takes long holds the later ones back, and loses none."""
    second = threading.Event()

    def handler(request: httpx.Request) -> httpx.Response:
        if request.content == b"2":
            second.set()
        return classified(ITEM)

    images = [str(n).encode() for n in range(40)]
    assert [source for source, _ in classify(handler, images, ordered=True, concurrency=4)] == images
    assert second.is_set()


def test_images_are_taken_only_as_fast_as_results_are(classify: Classify) -> None:
    """However many there are, only a few more are read than have been given back."""
    taken = given = most = 0

    def images() -> Iterator[bytes]:
        nonlocal taken, most
        for _ in range(100):
            taken += 1
            most = max(most, taken - given)
            yield b"x"

    def counted() -> Iterator[bytes]:
        yield from images()

    with ArgusClient(transport=httpx.MockTransport(answer)) as client:
        for _ in client.classify_many(counted(), concurrency=3):
            given += 1
    assert (taken, given) == (100, 100)
    assert most <= 3 * 2 + 1


async def test_the_async_client_takes_images_only_as_fast_as_results_are() -> None:
    """The same in an event loop, from an asynchronous source."""
    taken = given = most = 0

    async def images() -> AsyncIterator[bytes]:
        nonlocal taken, most
        for _ in range(100):
            taken += 1
            most = max(most, taken - given)
            yield b"x"

    async with AsyncArgusClient(transport=httpx.MockTransport(answer)) as client:
        async for _ in client.classify_many(images(), concurrency=3):
            given += 1
    assert (taken, given) == (100, 100)
    assert most <= 3 * 2 + 1


async def test_no_more_requests_are_under_way_than_asked_for() -> None:
    """The service sees at most `concurrency` requests of the run at a time, and as many where there are images."""
    under_way = most = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return classified(ITEM)

    async with AsyncArgusClient(transport=httpx.MockTransport(handler)) as client:
        outcomes = [outcome async for _, outcome in client.classify_many([b"x"] * 30, concurrency=5)]
    assert len(outcomes) == 30
    assert most == 5


def test_refusals_are_waited_out(classify: Classify) -> None:
    """A full service delays images, more often than a single call would try, and fails none."""
    refusals = iter(range(4))
    lock = threading.Lock()

    def handler(request: httpx.Request) -> httpx.Response:
        with lock:
            refuse = request.content != b"first" and next(refusals, None) is not None
        return problem(429, "overloaded", **{"Retry-After": "0"}) if refuse else classified(ITEM)

    results = classify(handler, [b"first", *[b"x"] * 8], concurrency=2, client={"retries": 0})
    assert [type(outcome) for _, outcome in results] == [Classification] * 9


def test_a_service_that_refuses_everything_is_given_up(classify: Classify) -> None:
    """When nothing was answered for the time limit, images get the refusal as their error."""

    def handler(request: httpx.Request) -> httpx.Response:
        return problem(429, "overloaded", **{"Retry-After": "0"})

    results = classify(handler, [b"x", b"y"], timeout_s=0.05, client={"retries": 0})
    assert [type(outcome) for _, outcome in results] == [Overloaded] * 2


def test_an_address_where_nobody_ever_answered_is_not_waited_for(classify: Classify) -> None:
    """Without a service the run ends soon, with an error for each image."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    results = classify(handler, [b"x", b"y"], timeout_s=3600, client={"retries": 0})
    assert [type(outcome) for _, outcome in results] == [ServiceUnreachable] * 2


@pytest.mark.parametrize("breaks", [True, False])
def test_what_broke_on_the_way_is_sent_once_more(classify: Classify, breaks: bool) -> None:
    """To classify an image twice changes nothing, so a replica that dies, or is late, loses no image."""
    troubles = iter([breaks])
    lock = threading.Lock()

    def handler(request: httpx.Request) -> httpx.Response:
        with lock:
            trouble = next(troubles, None)
        if trouble:
            raise httpx.RemoteProtocolError("peer closed")
        return classified(ITEM) if trouble is None else problem(504, "deadline_exceeded")

    results = classify(handler, [b"x", b"y"], client={"retries": 1})
    assert [type(outcome) for _, outcome in results] == [Classification] * 2


def test_no_answer_in_time_is_the_image_s_error(classify: Classify) -> None:
    """An image that has had its time is not sent again: the time is for all that was tried."""
    asked: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        raise httpx.ReadTimeout("too slow")

    ((_, outcome),) = classify(handler, [b"x"], client={"retries": 5})
    assert isinstance(outcome, ServiceUnreachable)
    assert len(asked) == 1


def test_an_error_of_the_caller_s_own_images_is_the_caller_s(classify: Classify) -> None:
    """What the iterable raises is raised, and does not hang the run."""

    def images() -> Iterator[bytes]:
        yield b"x"
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        classify(answer, images())


def test_nothing_to_do_is_done(classify: Classify) -> None:
    """No images, no requests, no results."""
    assert classify(answer, []) == []


def test_a_run_may_be_left_early() -> None:
    """Whoever has seen enough leaves the loop, and no further image is sent."""
    asked: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return classified(ITEM)

    with ArgusClient(transport=httpx.MockTransport(handler)) as client:
        results = client.classify_many((b"x" for _ in range(10_000)), concurrency=2)
        next(results)
        results.close()
        count = len(asked)
        assert client.classify(b"y")
    assert count <= 2 * 2 + 1
    assert asked[count:] == [b"y"]


async def test_an_async_run_may_be_left_early_and_leaves_no_task() -> None:
    """Closing the run cancels what is under way."""
    before = asyncio.all_tasks()

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.content == b"slow":
            await asyncio.Event().wait()
        return classified(ITEM)

    async with AsyncArgusClient(transport=httpx.MockTransport(handler)) as client:
        async with aclosing(client.classify_many([b"slow", b"x", b"slow"], concurrency=3)) as results:
            source, _ = await anext(results)
        assert source == b"x"
        assert asyncio.all_tasks() == before


def test_a_waiting_run_may_be_left_early() -> None:
    """Threads that wait for a refusing service end with the run, not with their wait."""
    refused = threading.Event()

    def handler(request: httpx.Request) -> httpx.Response:
        if request.content == b"x":
            return classified(ITEM)
        refused.set()
        return problem(429, "overloaded", **{"Retry-After": "3600"})

    with ArgusClient(transport=httpx.MockTransport(handler)) as client:
        results = client.classify_many([b"x", b"y"], concurrency=1, timeout_s=7200)
        next(results)
        refused.wait(10)
        results.close()


async def test_a_slow_disk_does_not_hold_up_the_event_loop() -> None:
    """After a file that took long the next one is read in a thread, until one is quick again."""
    now = 0.0
    threads: list[bool] = []
    seconds = iter([0.0, 1.0, 1.0, 0.0, 0.0])

    def begin(image: Image) -> Exchange[Classification]:
        nonlocal now
        now += next(seconds)
        threads.append(threading.current_thread() is not threading.main_thread())
        raise FileNotFoundError

    tasks = Tasks[bytes](Many(Pace(1, patience_s=1.0), begin), send_nothing, clock=lambda: now)
    assert len([pair async for pair in tasks.run([b"x"] * 5, ordered=False)]) == 5
    assert threads == [False, False, True, True, False]


async def send_nothing(request: Request, timeout_s: float) -> Answer | Failure:
    raise AssertionError("nothing is to be sent")
