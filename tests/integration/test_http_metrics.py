"""`/metrics` and what counts for it, over ASGI in process."""

import asyncio
import pickle
from dataclasses import replace

import httpx
import pytest
from PIL import Image

from serve_app.http.app import create_app
from serve_app.settings import LimitSettings, OverloadSettings, Settings
from serve_app.status import OwnStatus, Status
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.leaving import send_and_leave
from tests.photos import encode
from tests.scraping import parse_metrics, read_value

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")


async def scrape(client: httpx.AsyncClient) -> str:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


async def requests(client: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    samples = parse_metrics(await scrape(client))["argus_requests_total"].samples
    return {(one.labels["route"], one.labels["code"]): one.value for one in samples if one.value}


async def test_requests_are_counted_by_route_and_code(client: httpx.AsyncClient) -> None:
    """A template stands for its paths, and one name for all paths that lead nowhere."""
    await client.post("/v1/classify", content=RED)
    await client.post("/v1/classify", content=b"broken")
    await client.post("/v1/models/colors/classify", content=RED)
    await client.post("/v1/models/nobody/classify", content=RED)
    await client.get("/v1/models/colors")
    await client.get("/v1/models/nobody")
    await client.get("/v1/classify")
    for path in ("/nowhere", "/v1/nowhere", "/v1/models/a/b/classify"):
        await client.get(path)
    assert await requests(client) == {
        ("/v1/classify", "200"): 1,
        ("/v1/classify", "405"): 1,
        ("/v1/classify", "415"): 1,
        ("/v1/models/{model}/classify", "200"): 1,
        ("/v1/models/{model}/classify", "404"): 1,
        ("/v1/models/{model}", "200"): 1,
        ("/v1/models/{model}", "404"): 1,
        ("other", "404"): 3,
    }


async def test_reading_the_metrics_is_not_counted(client: httpx.AsyncClient) -> None:
    """Nor is a request that does not even read them."""
    for _ in range(3):
        await scrape(client)
    await client.post("/metrics")
    assert await requests(client) == {}


async def test_problems_are_counted_by_their_reason(client: httpx.AsyncClient) -> None:
    """Two reasons of one status are told apart."""
    await client.post("/v1/classify", content=b"broken")
    await client.post("/v1/classify", content=RED[:60])
    await client.post("/v1/classify?top_k=0", content=RED)
    await client.post("/v1/models/nobody/classify", content=RED)
    await client.get("/nowhere")
    await client.delete("/v1/models")
    samples = parse_metrics(await scrape(client))["argus_problems_total"].samples
    assert {(one.labels["code"], one.labels["reason"]): one.value for one in samples if one.value} == {
        ("404", "model_not_found"): 1,
        ("404", "not_found"): 1,
        ("405", "method_not_allowed"): 1,
        ("415", "unsupported_media_type"): 1,
        ("422", "invalid_parameter"): 1,
        ("422", "undecodable_image"): 1,
    }


async def test_images_are_counted_one_by_one(client: httpx.AsyncClient) -> None:
    """A broken one among others is no problem of the request, and is counted with its reason."""
    await client.post("/v1/classify", files=[("file", ("a", RED)), ("file", ("b", b"broken")), ("file", ("c", RED))])
    await client.post("/v1/classify", content=b"broken")
    text = await scrape(client)
    assert read_value(text, "argus_images_total", model="colors", result="classified") == 2
    assert read_value(text, "argus_images_total", model="colors", result="unsupported_media_type") == 2
    assert read_value(text, "argus_problems_total", code="415", reason="unsupported_media_type") == 1
    for stage in ("decode", "queue", "inference"):
        assert read_value(text, f"argus_{stage}_duration_seconds_count", model="colors") == 2


async def test_batches_are_counted_as_the_model_took_them() -> None:
    """While the model has one image, three wait; then it takes them together."""
    runtime = ColorRuntime()
    runtime.go.clear()
    async with open_service(make_repository(colors=runtime)) as client:
        sent = [asyncio.create_task(client.post("/v1/classify", content=RED))]
        assert await asyncio.to_thread(runtime.entered.wait, 10)
        sent += [asyncio.create_task(client.post("/v1/classify", content=RED)) for _ in range(3)]
        while read_value(await scrape(client), "argus_queued_images") != 3:
            await asyncio.sleep(0.001)
        assert read_value(await scrape(client), "argus_ongoing_requests") == 4
        runtime.go.set()
        await asyncio.gather(*sent)
        text = await scrape(client)
    assert read_value(text, "argus_batch_images_count", model="colors") == 2
    assert read_value(text, "argus_batch_images_sum", model="colors") == 4
    assert read_value(text, "argus_batch_images_bucket", model="colors", le="1.0") == 1
    assert read_value(text, "argus_model_busy_seconds_total", model="colors") > 0
    assert read_value(text, "argus_ongoing_requests") == 0


async def test_a_refusal_is_counted_where_it_was_aimed() -> None:
    """What the limits on bodies refuse before anybody looks at the path has its route all the same."""
    settings = Settings(limits=LimitSettings(max_image_bytes=1024, max_request_bytes=2048))
    async with open_service(settings=settings) as client:
        await client.post("/v1/classify", content=bytes(4096))
        await client.post("/v1/models/colors/classify", content=bytes(4096))
        assert await requests(client) == {
            ("/v1/classify", "413"): 1,
            ("/v1/models/{model}/classify", "413"): 1,
        }
        text = await scrape(client)
        assert read_value(text, "argus_problems_total", code="413", reason="payload_too_large") == 2


async def test_a_full_service_s_refusals_are_counted() -> None:
    """With the reason that tells a full queue from a client's own limit."""
    runtime = ColorRuntime()
    runtime.go.clear()
    settings = Settings(
        limits=LimitSettings(max_images=1), overload=OverloadSettings(max_pending_images=1, max_pending_bytes=2**28)
    )
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        first = asyncio.create_task(client.post("/v1/classify", content=RED))
        assert await asyncio.to_thread(runtime.entered.wait, 10)
        assert (await client.post("/v1/classify", content=RED)).status_code == 429
        runtime.go.set()
        await first
        text = await scrape(client)
    assert read_value(text, "argus_problems_total", code="429", reason="overloaded") == 1
    assert read_value(text, "argus_problems_total", code="429", reason="rate_limited") == 0


async def test_a_fault_of_the_service_is_counted_as_internal() -> None:
    """Whatever the model raised."""
    async with open_service(make_repository(colors=ColorRuntime(error=RuntimeError()))) as client:
        await client.post("/v1/classify", content=RED)
        text = await scrape(client)
    assert read_value(text, "argus_requests_total", route="/v1/classify", code="500") == 1
    assert read_value(text, "argus_problems_total", code="500", reason="internal") == 1


async def test_a_client_that_leaves_before_its_answer_is_counted() -> None:
    """Under a code of its own: nobody was sent one."""
    runtime = ColorRuntime()
    app = create_app(make_repository(colors=runtime), Settings())
    await send_and_leave(app, runtime, RED)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
        assert await requests(client) == {("/v1/classify", "499"): 1}


class Source(OwnStatus):
    """A status source whose next status is chosen."""

    chosen: Status | None = None

    async def read(self) -> Status:
        return self.chosen or await super().read()


async def test_the_counts_of_one_replica_are_never_shown_for_those_of_all() -> None:
    """The scrape fails where they cannot be added up: counters that fall and rise again would look like a flood."""
    source = Source(lambda: 0)
    source.chosen = replace(await source.read(), alone=True)
    app = create_app(make_repository(), Settings(), status_source=source)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
        answer = await client.get("/metrics")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "not_ready", "1")
        source.chosen = None
        await scrape(client)


async def test_a_status_is_written_down_once() -> None:
    """Several scrapers that are given the same status are given the same text."""
    source = Source(lambda: 0)
    source.chosen = replace(await source.read())
    app = create_app(make_repository(), Settings(), status_source=source)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
        before = await scrape(client)
        source.meters.count_problem(429, "overloaded")
        assert await scrape(client) == before
        source.chosen = None
        assert read_value(await scrape(client), "argus_problems_total", code="429", reason="overloaded") == 1


@pytest.mark.parametrize("models", [1, 3])
async def test_a_note_of_all_this_stays_small(models: int) -> None:
    """It travels once a second from each replica, with every histogram in it."""
    runtimes = {f"model{number}": ColorRuntime() for number in range(models)}
    repository = make_repository(**runtimes)
    source = OwnStatus(lambda: 0, lambda: repository.batches)
    app = create_app(repository, Settings(), status_source=source)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
        for name in runtimes:
            await client.post(f"/v1/models/{name}/classify", content=RED)
            await client.post(f"/v1/models/{name}/classify", content=b"broken")
        await client.post("/v1/classify", content=RED)
    assert len(pickle.dumps(source.take_note())) < 3000 + 500 * models
