"""Every row of the error table, in the documented shape; a good request still succeeds after each."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image

from serve_app.settings import AccessSettings, ApiKey, LimitSettings, ModelSettings, OverloadSettings, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


async def assert_problem(client: httpx.AsyncClient, answer: httpx.Response, status: int, code: str) -> None:
    """The documented shape, and a service that goes on."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"].endswith(".")
    assert answer.headers["X-Request-ID"] == problem["request_id"]
    assert (await client.post("/v1/classify", content=RED)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "code"),
    [
        ("POST", "/v1/classify", b"", {}, 400, "malformed_request"),
        ("POST", "/v1/classify", b"{", {"Content-Type": "application/json"}, 400, "malformed_request"),
        ("POST", "/v1/classify", b'{"image": 1}', {"Content-Type": "application/json"}, 400, "malformed_request"),
        ("POST", "/v1/classify", b'{"images": []}', {"Content-Type": "application/json"}, 400, "malformed_request"),
        (
            "POST",
            "/v1/classify",
            b'{"images": ["data:,x"]}',
            {"Content-Type": "application/json"},
            400,
            "malformed_request",
        ),
        ("POST", "/v1/classify", b"--x\r\nbroken", MULTIPART, 400, "malformed_request"),
        ("POST", "/v1/classify", b"--x--\r\n", MULTIPART, 400, "malformed_request"),
        ("POST", "/v1/classify", b"abc", {"Content-Type": "multipart/form-data"}, 400, "malformed_request"),
        ("GET", "/nowhere", b"", {}, 404, "not_found"),
        ("POST", "/v1/models/nobody/classify", RED, {}, 404, "model_not_found"),
        ("GET", "/v1/models/nobody", b"", {}, 404, "model_not_found"),
        ("GET", "/v1/models/nobody/labels", b"", {}, 404, "model_not_found"),
        ("GET", "/v1/classify", b"", {}, 405, "method_not_allowed"),
        ("DELETE", "/v1/models", b"", {}, 405, "method_not_allowed"),
        ("POST", "/v1/classify", b"plain text", {"Content-Type": "image/jpeg"}, 415, "unsupported_media_type"),
        ("POST", "/v1/classify", RED[:80], {}, 422, "undecodable_image"),
        ("POST", "/v1/classify?top_k=0", RED, {}, 422, "invalid_parameter"),
        ("POST", "/v1/classify?top_k=many", RED, {}, 422, "invalid_parameter"),
        ("POST", "/v1/classify?min_score=1.5", RED, {}, 422, "invalid_parameter"),
        ("POST", "/v1/classify?min_score=nan", RED, {}, 422, "invalid_parameter"),
    ],
)
async def test_requests_at_fault(
    client: httpx.AsyncClient, method: str, path: str, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """What the client did wrong has its own status and code."""
    await assert_problem(client, await client.request(method, path, content=content, headers=headers), status, code)


async def test_a_wrong_method_names_the_right_one(client: httpx.AsyncClient) -> None:
    """Allow is kept, as HTTP asks."""
    assert (await client.get("/v1/classify")).headers["Allow"] == "POST"


async def test_too_many_pixels() -> None:
    """422 image_too_large."""
    async with open_service(settings=Settings(limits=LimitSettings(max_image_pixels=2400))) as client:
        big = encode(Image.new("RGB", (61, 40)), "PNG")
        await assert_problem(client, await client.post("/v1/classify", content=big), 422, "image_too_large")


async def chunks(size: int, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(size)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, MULTIPART])
async def test_a_chunked_body_is_counted_as_it_arrives(headers: dict[str, str]) -> None:
    """No Content-Length announces it, in any form of body."""
    limits = LimitSettings(max_image_bytes=2048, max_request_bytes=4096)
    async with open_service(settings=Settings(limits=limits)) as client:
        start = (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' if headers == MULTIPART else b""
        )

        async def body() -> AsyncIterator[bytes]:
            yield start
            async for chunk in chunks(512, 20):
                yield chunk

        answer = await client.post("/v1/classify", content=body(), headers=headers)
        await assert_problem(client, answer, 413, "payload_too_large")


async def test_an_announced_body_is_refused_before_it_is_read() -> None:
    """Content-Length above the cap is enough."""
    limits = LimitSettings(max_image_bytes=2048, max_request_bytes=4096)
    async with open_service(settings=Settings(limits=limits)) as client:
        answer = await client.post("/v1/classify", content=bytes(5000))
        await assert_problem(client, answer, 413, "payload_too_large")


async def test_an_image_over_the_limit_of_one_image() -> None:
    """A single image is held to max_image_bytes in each form of body."""
    async with open_service(settings=Settings(limits=LimitSettings(max_image_bytes=2048))) as client:
        for request in ({"content": bytes(3000)}, {"files": {"f": bytes(3000)}}, {"json": {"images": ["A" * 4000]}}):
            answer = await client.post("/v1/classify", **request)  # type: ignore[arg-type]  # three forms of body
            await assert_problem(client, answer, 413, "payload_too_large")


async def test_more_images_than_a_request_may_hold() -> None:
    """The count is limited, and the error says what to do."""
    async with open_service(settings=Settings(limits=LimitSettings(max_images=2))) as client:
        for request in ({"files": [("f", RED)] * 3}, {"json": {"images": ["***"] * 3}}):
            answer = await client.post("/v1/classify", **request)  # type: ignore[arg-type]  # two forms of body
            await assert_problem(client, answer, 413, "payload_too_large")
            assert "several requests" in answer.json()["detail"]


MODELS = (ModelSettings(name="colors"), ModelSettings(name="secret"))
KEY = "correct horse battery staple"
KEYS = AccessSettings(
    api_keys=(
        ApiKey(client="all", sha256=hashlib.sha256(KEY.encode()).hexdigest()),
        ApiKey(client="one", sha256=hashlib.sha256(b"other").hexdigest(), models=("colors",)),
    )
)


async def test_keys_are_asked_for_checked_and_limited_to_their_models() -> None:
    """401 without a key or with a wrong one, 403 with one that is not for this model."""
    settings = Settings(access=KEYS, models=MODELS)
    repository = make_repository(settings, colors=ColorRuntime(), secret=ColorRuntime())
    async with open_service(repository, settings) as client:
        missing = await client.post("/v1/classify", content=RED)
        wrong = await client.post("/v1/classify", content=RED, headers={"Authorization": "Bearer wrong"})
        client.headers["X-API-Key"] = "other"
        forbidden = await client.post("/v1/models/secret/classify", content=RED)
        for answer in (missing, wrong):
            await assert_problem(client, answer, 401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        await assert_problem(client, forbidden, 403, "forbidden")
        client.headers["Authorization"] = f"Bearer {KEY}"
        assert (await client.post("/v1/models/secret/classify", content=RED)).status_code == 200


async def test_a_client_over_its_rate_is_told_when_to_come_back() -> None:
    """429 rate_limited with Retry-After; another client is not affected."""
    settings = Settings(access=AccessSettings(requests_per_s=0.1, burst=1, api_keys=KEYS.api_keys), models=MODELS)
    async with open_service(make_repository(settings), settings) as client:
        first, second = {"X-API-Key": KEY}, {"X-API-Key": "other"}
        assert (await client.post("/v1/classify", content=RED, headers=first)).status_code == 200
        answer = await client.post("/v1/classify", content=RED, headers=first)
        client.headers.update(second)
        await assert_problem(client, answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 10


async def test_a_full_service_refuses_at_once_and_serves_what_it_accepted() -> None:
    """429 overloaded with Retry-After; the accepted request is answered."""
    runtime = ColorRuntime()
    settings = Settings(overload=OverloadSettings(max_pending_images=1), limits=LimitSettings(max_images=1))
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        runtime.go.clear()
        accepted = asyncio.create_task(client.post("/v1/classify", content=RED))
        await asyncio.to_thread(runtime.entered.wait, 10)
        refused = await client.post("/v1/classify", content=RED)
        runtime.go.set()
        assert (await accepted).status_code == 200
        await assert_problem(client, refused, 429, "overloaded")
        assert int(refused.headers["Retry-After"]) >= 1


async def test_a_service_that_holds_all_the_bytes_it_may_refuses() -> None:
    """429 overloaded by bytes, and the bytes are given back afterwards."""
    runtime = ColorRuntime()
    settings = Settings(
        overload=OverloadSettings(max_pending_bytes=4096),
        limits=LimitSettings(max_image_bytes=4096, max_request_bytes=4096),
    )
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        padded = RED + bytes(3000)
        runtime.go.clear()
        accepted = asyncio.create_task(client.post("/v1/classify", content=padded))
        await asyncio.to_thread(runtime.entered.wait, 10)
        refused = await client.post("/v1/classify", content=padded)
        runtime.go.set()
        assert (await accepted).status_code == 200
        await assert_problem(client, refused, 429, "overloaded")


async def test_an_answer_that_would_come_too_late() -> None:
    """504 deadline_exceeded; the image never reaches the model."""
    runtime = ColorRuntime()
    settings = Settings(overload=OverloadSettings(deadline_s=2))
    async with open_service(make_repository(settings, colors=runtime), settings) as client:
        runtime.go.clear()
        first = asyncio.create_task(client.post("/v1/classify", content=RED))
        await asyncio.to_thread(runtime.entered.wait, 10)
        second = asyncio.create_task(client.post("/v1/classify", content=RED))
        third = asyncio.create_task(client.post("/v1/classify", content=RED))
        loop = asyncio.get_running_loop()
        late = loop.time() + 2.1
        while loop.time() < late:  # the deadline is a matter of time
            await asyncio.sleep(0.01)
        runtime.go.set()
        answers = await asyncio.gather(first, second, third)
        assert [answer.status_code for answer in answers] == [200, 504, 504]
        await assert_problem(client, answers[1], 504, "deadline_exceeded")


async def test_a_service_that_stops_is_not_ready() -> None:
    """503 not_ready with Retry-After, for health checks and for images."""
    repository = make_repository()
    async with open_service(repository) as client:
        assert (await client.get("/health/ready")).json() == {"status": "ready"}
        await asyncio.to_thread(repository.close)
        for answer in (await client.get("/health/ready"), await client.post("/v1/classify", content=RED)):
            assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
            assert answer.headers["Retry-After"] == "1"
        assert (await client.get("/health/live")).json() == {"status": "live"}


async def test_an_unforeseen_error_says_nothing_internal() -> None:
    """500 internal; the next request is served."""
    runtime = ColorRuntime(error=RuntimeError("secret path /etc/model"))
    async with open_service(make_repository(colors=runtime)) as client:
        answer = await client.post("/v1/classify", content=RED)
        runtime.error = None
        await assert_problem(client, answer, 500, "internal")
        assert "secret" not in answer.text
