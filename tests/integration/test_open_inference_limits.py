"""Who may use the Open Inference Protocol, how much, and how packed bodies are kept within the limits of plain ones."""

import asyncio
import gzip
import hashlib

import httpx
import pytest

from serve_app.http.compression import choose_coding
from serve_app.settings import AccessSettings, ApiKey, LimitSettings, ModelSettings, OverloadSettings, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.integration.test_open_inference import INFER, LENGTH, PLANES, RED, TENSOR_INFER, ask

KEY = hashlib.sha256(b"sesame").hexdigest()
GZIP = {"Content-Encoding": "gzip"}


async def test_a_key_is_asked_for_and_holds_for_both_views() -> None:
    """401 without one, 403 for another model, and the model's own views with it."""
    colors, shapes = (ModelSettings(weights="efficientnet_lite0", name=name) for name in ("colors", "shapes"))
    access = AccessSettings(api_keys=(ApiKey(client="one", sha256=KEY, models=("colors",)),))
    settings = Settings(models=(colors, shapes), access=access)
    repository = make_repository(settings, colors=ColorRuntime(), shapes=ColorRuntime())
    headers = {"X-API-Key": "sesame"}
    async with open_service(repository, settings) as client:
        refused = await client.post(INFER, json=ask(RED))
        assert (refused.status_code, list(refused.json())) == (401, ["error"])
        assert (await client.post("/v2/models/shapes/infer", json=ask(RED), headers=headers)).status_code == 403
        assert (await client.post(INFER, json=ask(RED), headers=headers)).status_code == 200
        raw = await client.post(TENSOR_INFER, content=PLANES.tobytes(), headers={**headers, LENGTH: "0"})
        assert raw.status_code == 200
        assert (await client.get("/v2/models/colors")).status_code == 200


async def test_a_client_has_one_rate_for_all_protocols() -> None:
    """What it sent to /v1 counts here as well; 429 says when to try again."""
    settings = Settings(access=AccessSettings(requests_per_s=0.1, burst=1))
    async with open_service(settings=settings) as client:
        assert (await client.post("/v1/classify", content=RED)).status_code == 200
        refused = await client.post(INFER, json=ask(RED))
    assert (refused.status_code, refused.headers["Retry-After"], list(refused.json())) == (429, "10", ["error"])


async def test_a_full_service_refuses_in_the_protocol_s_shape() -> None:
    """429 with Retry-After, and the request that is under way is answered."""
    runtime = ColorRuntime()
    settings = Settings(overload=OverloadSettings(max_pending_images=1), limits=LimitSettings(max_images=1))
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        runtime.go.clear()
        running = asyncio.create_task(client.post("/v1/classify", content=RED))
        await asyncio.to_thread(runtime.entered.wait, 10)
        refused = await client.post(INFER, json=ask(RED))
        runtime.go.set()
        assert (await running).status_code == 200
    assert (refused.status_code, list(refused.json())) == (429, ["error"])
    assert int(refused.headers["Retry-After"]) >= 1


async def test_a_late_request_is_refused_in_the_protocol_s_shape() -> None:
    """504, by the service's deadline and by the client's own timeout."""
    hurried = Settings(overload=OverloadSettings(deadline_s=1e-6))
    async with open_service(settings=hurried) as client:
        assert (await client.post(INFER, json=ask(RED))).status_code == 504
    async with open_service() as client:
        answer = await client.post(INFER, json=ask(RED, parameters={"timeout": 1}))
    assert (answer.status_code, list(answer.json())) == (504, ["error"])


@pytest.mark.parametrize("packed", [True, False])
async def test_a_body_over_the_limit_is_refused_however_it_comes(packed: bool) -> None:
    """413: of a packed one, what comes out counts."""
    limits = LimitSettings(max_image_bytes=4096, max_request_bytes=4096)
    body = b" " * 100_000
    async with open_service(settings=Settings(limits=limits)) as client:
        sent = gzip.compress(body) if packed else body
        answer = await client.post(INFER, content=sent, headers=GZIP if packed else {})
        assert (answer.status_code, list(answer.json())) == (413, ["error"])
        assert len(gzip.compress(body)) < 4096
        assert (await client.post(INFER, json=ask(RED))).status_code == 200


async def test_what_packed_bodies_hold_is_given_back() -> None:
    """All uploads of a replica share one budget; answered ones leave nothing in it."""
    settings = Settings(
        limits=LimitSettings(max_image_bytes=200_000, max_request_bytes=200_000),
        overload=OverloadSettings(max_pending_bytes=200_000),
    )
    body = gzip.compress(b" " * 150_000)
    async with open_service(settings=settings) as client:
        for _ in range(3):
            assert (await client.post(INFER, content=body, headers=GZIP)).status_code == 400  # and not 429
        assert (await client.post(INFER, json=ask(RED))).status_code == 200


async def test_a_packed_body_that_the_budget_has_no_room_for_is_refused() -> None:
    """429 while another request holds the bytes."""
    runtime = ColorRuntime()
    settings = Settings(
        limits=LimitSettings(max_image_bytes=200_000, max_request_bytes=200_000),
        overload=OverloadSettings(max_pending_bytes=200_000),
    )
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        runtime.go.clear()
        padded = gzip.compress(httpx.Request("POST", "http://argus", json=ask(RED)).content + b" " * 150_000)
        running = asyncio.create_task(client.post(INFER, content=padded, headers=GZIP))
        await asyncio.to_thread(runtime.entered.wait, 10)
        refused = await client.post(INFER, content=padded, headers=GZIP)
        runtime.go.set()
        assert (await running).status_code == 200
    assert refused.status_code == 429


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("deflate, gzip", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("GZIP;q=0.5, deflate;q=0.8", "deflate"),
        ("gzip;q=no", None),
        ("gzip;q=0", None),
    ],
)
def test_an_answer_is_packed_as_the_client_likes_it(accepted: str, expected: str | None) -> None:
    """The encoding with the highest weight of those that are offered."""
    assert choose_coding(accepted) == expected
