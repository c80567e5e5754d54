"""Many images fetched for one request: within bounds, and none at another's cost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from serve_app.errors import HttpError, Overloaded, PayloadTooLarge, UrlNotFetched
from serve_app.http.remote.fetching import Take
from serve_app.http.remote.images import RemoteImages
from serve_app.http.uploads import ImageLink, Upload
from serve_app.settings import LimitSettings, OverloadSettings, RemoteImageSettings, Settings

Serve = Callable[[str, Take], Awaitable[bytes]]


class Origin:
    """Fetches from nowhere. asked: the urls in order; inside, most: how many at a time, now and at most."""

    def __init__(self, serve: Serve | None = None) -> None:
        self._serve = serve
        self.asked: list[str] = []
        self.inside = self.most = 0

    async def fetch(self, text: str, take: Take) -> bytes:
        """See `images.Fetch`."""
        self.asked.append(text)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            if self._serve is not None:
                return await self._serve(text, take)
            take(len(text))
            return text.encode()
        finally:
            self.inside -= 1


async def stay() -> Message:
    """A client that waits for its answer."""
    await asyncio.Event().wait()
    raise AssertionError


def make_remote(origin: Origin, *, overload: dict[str, Any] | None = None, **remote: Any) -> RemoteImages:
    settings = Settings(
        limits=LimitSettings(max_image_bytes=2048, max_request_bytes=4096, max_images=8),
        overload=OverloadSettings(**overload or {}),
        remote_images=RemoteImageSettings(enabled=True, **remote),
    )
    return RemoteImages(settings, origin)


async def fetch(remote: RemoteImages, *urls: str) -> list[bytes | str]:
    """The bytes of each image, or the code of its error."""
    async with remote.fetch([ImageLink(url) for url in urls], stay) as uploads:
        return [upload.error.code if upload.error else upload.data for upload in uploads]


async def test_images_come_in_order_and_what_was_sent_stays_as_it_is() -> None:
    """Links and uploads in one request."""
    sent = Upload(None, b"sent")
    async with make_remote(Origin()).fetch([ImageLink("a"), sent, ImageLink("b")], stay) as uploads:
        assert [upload.data for upload in uploads] == [b"a", b"sent", b"b"]


async def test_a_url_that_is_named_twice_is_fetched_once() -> None:
    """A request cannot be made into many for somebody else's server."""
    origin = Origin()
    assert await fetch(make_remote(origin), *["a"] * 8) == [b"a"] * 8
    assert origin.asked == ["a"]


async def test_only_so_many_are_fetched_at_a_time() -> None:
    """Over all requests; the others wait for their turn."""

    async def yield_often(text: str, take: Take) -> bytes:
        for _ in range(5):
            await asyncio.sleep(0)
        return text.encode()

    origin = Origin(yield_often)
    remote = make_remote(origin, max_concurrent=3)
    answers = await asyncio.gather(*(fetch(remote, *(f"{n}-{i}" for i in range(8))) for n in range(4)))
    assert sum(map(len, answers)) == len(origin.asked) == 32
    assert origin.most == 3


@pytest.mark.parametrize("error", [UrlNotFetched("no."), RuntimeError("a bug"), ExceptionGroup("many", [OSError()])])
async def test_a_bad_url_harms_no_other(error: Exception) -> None:
    """Even one that brings out a mistake of ours; of that the answer says nothing."""

    async def serve(text: str, take: Take) -> bytes:
        if text == "bad":
            raise error
        return text.encode()

    assert await fetch(make_remote(Origin(serve)), "a", "bad", "b") == [b"a", "url_not_fetched", b"b"]


async def test_a_slow_url_harms_no_other() -> None:
    """It is given up when the time is over, and those that came are there."""

    async def serve(text: str, take: Take) -> bytes:
        if text == "slow":
            await asyncio.Event().wait()
        return text.encode()

    origin = Origin(serve)
    remote = make_remote(origin, timeout_s=0.05, max_concurrent=2)
    assert await fetch(remote, "a", "slow", "b", "c") == [b"a", "url_not_fetched", b"b", b"c"]
    assert origin.inside == 0


async def test_those_that_never_had_their_turn_fail_with_the_time() -> None:
    """The time is that of the whole request, however many there are."""

    async def serve(text: str, take: Take) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    origin = Origin(serve)
    assert await fetch(make_remote(origin, timeout_s=0.05, max_concurrent=1), "a", "b", "c") == ["url_not_fetched"] * 3
    assert origin.asked == ["a"]


async def test_a_request_brings_no_more_bytes_by_address_than_in_its_body() -> None:
    """What is over it fails; what a failed image had counts no more."""

    async def serve(text: str, take: Take) -> bytes:
        for _ in range(int(text)):
            take(1024)
        if text == "3":
            raise PayloadTooLarge("one image.")
        return text.encode()

    answers = await fetch(make_remote(Origin(serve), max_concurrent=1), "3", "2", "02", "1")
    assert answers == ["payload_too_large", b"2", b"02", "payload_too_large"]


async def refused(remote: RemoteImages, *urls: str) -> HttpError:
    with pytest.raises(Overloaded) as caught:
        await fetch(remote, *urls)
    assert caught.value.retry_after_s == 1.0
    return caught.value


async def test_a_replica_that_holds_all_the_bytes_it_may_refuses() -> None:
    """Until the requests that they belong to have ended, and the request that was refused leaves nothing behind."""

    async def serve(text: str, take: Take) -> bytes:
        take(2048)
        return text.encode()

    remote = make_remote(Origin(serve), max_pending_bytes=4096)
    async with remote.fetch([ImageLink("a")], stay):
        await refused(remote, "b", "c")
        assert await fetch(remote, "d") == [b"d"]
    assert await fetch(remote, "b", "c") == [b"b", b"c"]


async def test_a_replica_that_fetches_all_it_may_refuses() -> None:
    """Images that wait for their turn count."""
    go = asyncio.Event()

    async def serve(text: str, take: Take) -> bytes:
        await go.wait()
        return text.encode()

    origin = Origin(serve)
    remote = make_remote(origin, max_concurrent=1, overload={"max_pending_images": 8})
    first = asyncio.create_task(fetch(remote, *"abcdefg"))
    while not origin.inside:
        await asyncio.sleep(0)
    await refused(remote, "h", "i")
    go.set()
    assert await first == [letter.encode() for letter in "abcdefg"]
    assert await fetch(remote, "h", "i") == [b"h", b"i"]


async def test_a_client_that_leaves_takes_its_images_along() -> None:
    """Nothing is fetched for nobody, and its places are free."""
    entered = asyncio.Event()

    async def serve(text: str, take: Take) -> bytes:
        take(2048)
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def leave() -> Message:
        await entered.wait()
        return {"type": "http.disconnect"}

    origin = Origin(serve)
    remote = make_remote(origin, max_concurrent=1, max_pending_bytes=4096)
    for _ in range(3):
        entered.clear()
        with pytest.raises(ClientDisconnect):
            async with remote.fetch([ImageLink("a"), ImageLink("b")], leave):
                raise AssertionError
    assert origin.inside == 0
    assert origin.asked == ["a"] * 3
