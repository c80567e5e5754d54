"""The ASGI application around fakes, called in process through httpx."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from serve_app.classifier import ModelRepository
from serve_app.http.app import create_app
from serve_app.settings import Settings
from tests.fakes import make_repository

OpenService = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@asynccontextmanager
async def open_service(
    repository: ModelRepository | None = None, settings: Settings | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service around `repository`."""
    settings = settings or Settings()
    app = create_app(repository or make_repository(settings), settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://argus") as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with one fake model and default settings."""
    async with open_service() as client:
        yield client
