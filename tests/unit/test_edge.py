"""Ray's own HTTP answers, corrected."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from serve_app.http.edge import build_middlewares, watch_clients_here


def around(response: Response, seen: list[str] | None = None) -> httpx.AsyncClient:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if seen is not None:
            seen.extend(Request(scope).headers)
        await response(scope, receive, send)

    (middleware,) = build_middlewares()
    return httpx.AsyncClient(transport=httpx.ASGITransport(middleware.cls(app)), base_url="http://argus")


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (404, 404, "not_found"),
        (408, 504, "deadline_exceeded"),
        (429, 429, "overloaded"),
        (500, 500, "internal"),
        (503, 503, "not_ready"),
    ],
)
async def test_plain_text_errors_become_problems(status: int, expected: int, code: str) -> None:
    """Status, code and id fit the contract; nothing of the text is passed on."""
    text = PlainTextResponse("Traceback: secret", status, {"X-Request-ID": "id-1", "Retry-After": "7"})
    async with around(text) as client:
        answer = await client.get("/v1/models")
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (expected, code, "id-1")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers.get("Retry-After") == ("7" if expected in (429, 503) else None)
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/v2/models/colors/infer", "/v2", "/behind/v2/health/ready"])
async def test_under_another_protocol_s_paths_they_have_its_shape(path: str) -> None:
    """With a route prefix and without; status and headers are the same."""
    text = PlainTextResponse("Traceback: secret", 503, {"X-Request-ID": "id-1", "Retry-After": "7"})
    async with around(text) as client:
        answer = await client.get(path)
    assert (answer.status_code, list(answer.json()), answer.headers["Retry-After"]) == (503, ["error"], "7")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/v1/models/v2", "/v1/models/v2/classify", "/v23/models"])
async def test_paths_that_only_look_like_another_protocol_s_have_ours(path: str) -> None:
    """A model may be called v2."""
    async with around(PlainTextResponse("full", 503)) as client:
        assert (await client.get(path)).json()["code"] == "not_ready"


async def test_the_application_s_own_errors_pass_unchanged() -> None:
    """What carries Server-Timing is ours already."""
    async with around(PlainTextResponse("mine", 503, {"Server-Timing": "total;dur=1"})) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.text) == (503, "mine")


async def test_successes_pass_unchanged() -> None:
    """Ray's health and route answers stay as they are."""
    async with around(PlainTextResponse("success")) as client:
        assert (await client.get("/-/healthz")).text == "success"


async def test_headers_that_steer_ray_are_removed() -> None:
    """A client cannot lengthen its timeout or switch off its cancellation."""
    seen: list[str] = []
    async with around(PlainTextResponse("ok"), seen) as client:
        headers = {"X-Request-Timeout-Seconds": "0", "X-Request-Disconnect-Disabled": "?1", "X-Other": "stays"}
        await client.get("/", headers=headers)
    assert "x-other" in seen
    assert not {"x-request-timeout-seconds", "x-request-disconnect-disabled"} & set(seen)


async def test_ray_need_not_watch_where_the_application_does() -> None:
    """On the application's own event loop Ray is told not to, whatever the client says."""
    seen: list[str] = []
    watch_clients_here()
    async with around(PlainTextResponse("ok"), seen) as client:
        await client.get("/", headers={"X-Request-Disconnect-Disabled": "?0"})
    assert seen.count("x-request-disconnect-disabled") == 1
