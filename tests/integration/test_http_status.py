"""`/v1/status` and what counts for it, over ASGI in process."""

import asyncio
from typing import Any

import httpx
import pytest
from PIL import Image

from serve_app.settings import LimitSettings, OverloadSettings, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")


async def totals(client: httpx.AsyncClient) -> dict[str, int]:
    answer = await client.get("/v1/status")
    assert answer.status_code == 200
    found: dict[str, int] = answer.json()["totals"]
    return found


async def test_a_service_at_rest_says_so(client: httpx.AsyncClient) -> None:
    """Zero requests a second, and no latency where there is none."""
    status = (await client.get("/v1/status")).json()
    assert status["latency_ms"] == {"p50": None, "p95": None, "p99": None}
    assert (status["offered_per_s"], status["ongoing"], status["queued"], status["window_s"]) == (0.0, 0, 0, 5)
    assert status["replicas"] == {"running": 1, "starting": 0, "stopping": 0, "target": 1}


async def test_looking_at_the_service_is_not_work_of_it(client: httpx.AsyncClient) -> None:
    """Requests for the status, the health, the models and the documentation are not counted."""
    for path in ("/v1/status", "/health/live", "/health/ready", "/v1/models", "/openapi.json", "/nowhere"):
        await client.get(path)
    assert set((await totals(client)).values()) == {0}


async def test_requests_and_images_are_counted_by_what_became_of_them(client: httpx.AsyncClient) -> None:
    """One image, several of which one is broken, and what the client did wrong."""
    await client.post("/v1/classify", content=RED)
    await client.post("/v1/models/colors/classify", content=RED)
    await client.post("/v1/classify", files=[("file", ("a", RED)), ("file", ("b", b"broken")), ("file", ("c", RED))])
    await client.post("/v1/classify", content=b"broken")
    await client.post("/v1/models/nobody/classify", content=RED)
    assert await totals(client) == {
        "requests": 3,
        "images": 4,
        "refused": 0,
        "client_errors": 2,
        "server_errors": 0,
    }
    status = (await client.get("/v1/status")).json()
    assert status["offered_per_s"] == pytest.approx(status["requests_per_s"] + status["errors_per_s"], abs=0.02)
    assert 0 < status["latency_ms"]["p50"] <= status["latency_ms"]["p99"]


async def test_an_upload_that_is_refused_before_it_is_read_counts_too() -> None:
    """What the limits on bodies refuse never reaches the model, and is an error all the same."""
    settings = Settings(limits=LimitSettings(max_image_bytes=1024, max_request_bytes=2048))
    async with open_service(settings=settings) as client:
        assert (await client.post("/v1/classify", content=bytes(4096))).status_code == 413
        assert (await totals(client))["client_errors"] == 1


async def test_a_fault_of_the_service_is_its_own() -> None:
    """An answer of 500 counts as the server's error."""
    async with open_service(make_repository(colors=ColorRuntime(error=RuntimeError()))) as client:
        await client.post("/v1/classify", content=RED)
        assert (await totals(client))["server_errors"] == 1


async def test_work_under_way_shows_and_a_refusal_counts() -> None:
    """While the model is busy: requests under way, images that wait, and the one too many."""
    runtime = ColorRuntime()
    runtime.go.clear()
    settings = Settings(
        limits=LimitSettings(max_images=3), overload=OverloadSettings(max_pending_images=3, max_pending_bytes=2**28)
    )
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        sent = [asyncio.create_task(client.post("/v1/classify", content=RED))]
        assert await asyncio.to_thread(runtime.entered.wait, 10)  # the model has the first, so the others must wait
        sent += [asyncio.create_task(client.post("/v1/classify", content=RED)) for _ in range(2)]

        async def look() -> dict[str, Any]:
            found: dict[str, Any] = (await client.get("/v1/status")).json()
            return found

        while (await look())["queued"] != 2:
            await asyncio.sleep(0.001)
        assert (await look())["ongoing"] == 3
        assert (await client.post("/v1/classify", content=RED)).status_code == 429
        runtime.go.set()
        assert {answer.status_code for answer in await asyncio.gather(*sent)} == {200}
        status = await look()
        assert (status["ongoing"], status["queued"]) == (0, 0)
        assert (status["totals"]["requests"], status["totals"]["refused"]) == (3, 1)
        assert status["refused_per_s"] > 0
