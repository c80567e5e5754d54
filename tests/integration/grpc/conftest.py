"""A stand-in for the service, and a client of a gRPC server in front of it."""

from collections.abc import AsyncIterator

import pytest

from tests.fake_inference import FakeInference
from tests.grpc_client import Client, connect


@pytest.fixture
async def service() -> AsyncIterator[FakeInference]:
    """The stand-in."""
    fake = FakeInference()
    runner = await fake.start()
    yield fake
    fake.hold.set()
    await runner.cleanup()


@pytest.fixture
async def client(service: FakeInference) -> AsyncIterator[Client]:
    """A client of a server with the default options."""
    async with connect(service.url) as one:
        yield one
