"""A request's links -> uploads: many images fetched at once, within the bounds of a request and of the replica.

A bad link is that image's error and no other's. What the replica cannot hold is the whole request's, as with bodies.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.types import Receive

from serve_app.errors import Overloaded, PayloadTooLarge, RequestError, UrlNotFetched
from serve_app.http.connection import work_while_connected
from serve_app.http.context import describe_bytes
from serve_app.http.remote.connections import Connector, Dial, dial_tcp, trust_certificates
from serve_app.http.remote.fetching import Fetcher, Take
from serve_app.http.remote.lookups import Lookup, SystemLookup
from serve_app.http.remote.networks import AddressPolicy
from serve_app.http.uploads import ImageLink, Upload
from serve_app.settings import Settings

log = logging.getLogger(__name__)

_RETRY_AFTER_S = 1.0


class Fetch(Protocol):
    """Fetches one image: `fetching.Fetcher`."""

    async def fetch(self, text: str, take: Take) -> bytes:
        """The bytes at a url. Raises RequestError, and what `take` raises."""


def make_fetcher(settings: Settings, *, lookup: Lookup | None = None, dial: Dial = dial_tcp) -> Fetcher:
    """The fetcher that the settings describe. lookup: the system's where none is given."""
    remote = settings.remote_images
    connector = Connector(
        AddressPolicy(remote),
        trust_certificates(remote.ca_file),
        lookup=lookup or SystemLookup(remote.max_concurrent),
        dial=dial,
        timeout_s=remote.timeout_s / 2,  # leaves time to say of a host that it does not answer
    )
    return Fetcher(remote, connector, max_bytes=settings.limits.max_image_bytes)


class RemoteImages:
    """Fetches what requests name. Use it from one event loop.

    Bounds: `max_concurrent` images are fetched at a time, the others wait; `overload.max_pending_images` are named by
    requests under way; `max_pending_bytes` have been fetched for them; and of one request no more than a body may have.
    """

    def __init__(self, settings: Settings, fetcher: Fetch) -> None:
        self._fetcher = fetcher
        self._remote = settings.remote_images
        self._max_request_bytes = settings.limits.max_request_bytes
        self._max_pending_images = settings.overload.max_pending_images
        self._slots = asyncio.Semaphore(self._remote.max_concurrent)
        self._pending_images = 0
        self._pending_bytes = 0

    @asynccontextmanager
    async def fetch(self, images: Sequence[Upload | ImageLink], receive: Receive) -> AsyncIterator[list[Upload]]:
        """The images in their order, those that were links fetched; their bytes are counted until the block ends.

        Raises Overloaded, and ClientDisconnect when the client has left.
        """
        urls = dict.fromkeys(image.url for image in images if isinstance(image, ImageLink))
        if self._pending_images + len(urls) > self._max_pending_images:
            raise self._refuse()
        held = _Held()
        self._pending_images += len(urls)
        try:
            fetched = await work_while_connected(receive, self._fetch_all(list(urls), held))
            yield [fetched[image.url] if isinstance(image, ImageLink) else image for image in images]
        finally:
            self._pending_images -= len(urls)
            self._release(held, held.bytes)

    async def _fetch_all(self, urls: Sequence[str], held: "_Held") -> dict[str, Upload]:
        deadline = asyncio.get_running_loop().time() + self._remote.timeout_s
        try:
            async with asyncio.TaskGroup() as tasks:
                fetched = {url: tasks.create_task(self._fetch_one(url, held, deadline)) for url in urls}
        except ExceptionGroup as group:  # the first failure has cancelled the rest; the group adds nothing to it
            raise group.exceptions[0] from None
        return {url: task.result() for url, task in fetched.items()}

    async def _fetch_one(self, url: str, held: "_Held", deadline: float) -> Upload:
        """One image, or why there is none. deadline: of the event loop's clock."""
        size = 0

        def take(count: int) -> None:
            nonlocal size
            self._hold(held, count)
            size += count

        error: RequestError
        try:
            async with asyncio.timeout_at(deadline), self._slots:
                return Upload(None, await self._fetcher.fetch(url, take))
        except RequestError as refused:
            error = refused
        except Overloaded:
            raise
        except TimeoutError:
            error = UrlNotFetched(f"The image was not there after {self._remote.timeout_s:g} s. Send the image itself.")
        except Exception:
            # What came from a stranger's server must not spoil the request's other images.
            log.exception("unforeseen error while an image was fetched")
            error = UrlNotFetched("The image could not be fetched. Send the image itself.")
        self._release(held, size)
        return Upload(None, error=error)

    def _hold(self, held: "_Held", count: int) -> None:
        """Count bytes that have arrived for a request. Raises PayloadTooLarge, Overloaded."""
        if held.bytes + count > self._max_request_bytes:
            raise PayloadTooLarge(
                f"The images at the request's addresses have more than {describe_bytes(self._max_request_bytes)}. "
                "Send them in several requests."
            )
        if self._pending_bytes + count > self._remote.max_pending_bytes:
            raise self._refuse()
        held.bytes += count
        self._pending_bytes += count

    def _release(self, held: "_Held", count: int) -> None:
        held.bytes -= count
        self._pending_bytes -= count

    def _refuse(self) -> Overloaded:
        return Overloaded(
            "The service fetches all the images that it can. Try again in 1 s.", retry_after_s=_RETRY_AFTER_S
        )


class _Held:
    """What has been fetched for one request so far."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0
