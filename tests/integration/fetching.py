"""A service that fetches images by address, from real servers on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from serve_app.http.app import create_app
from serve_app.http.remote.images import make_fetcher
from serve_app.settings import Settings
from tests.fakes import make_repository
from tests.remote import PUBLIC, Host, Names, Network, Respond, open_host

NAMES = Names(images__example=[PUBLIC], other__example=[PUBLIC])


@asynccontextmanager
async def open_fetching(
    network: Network, *, names: Names = NAMES, limits: dict[str, Any] | None = None, **remote: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that fetches images over this network."""
    settings = Settings.model_validate({"remote_images": {"enabled": True, **remote}, "limits": limits or {}})
    fetcher = make_fetcher(settings, lookup=names, dial=network.dial)
    app = create_app(make_repository(settings), settings, fetcher=fetcher)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://argus") as client:
        yield client


async def ask(client: httpx.AsyncClient, *images: str | dict[str, str]) -> httpx.Response:
    return await client.post("/v1/classify", json={"images": list(images)})


@asynccontextmanager
async def fetching_from(respond: Respond, **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Host]]:
    """A service and a public host http://images.example, which responds like this."""
    async with (
        open_host(respond) as host,
        open_fetching(Network({PUBLIC: host.port}), allow_http=True, **settings) as c,
    ):
        yield c, host
