"""The layer around the Reflex application: limits, origins, headers. No browser, no Reflex."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reflex_frontend.edge import Edge, content_policy


async def measure(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def client(**options: Any) -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route("/", measure, methods=["GET", "POST"]), Route("/assets/page-1a2b.js", measure)],
    )
    edge = Edge(app, max_body_bytes=1000, content_policy="default-src 'self'", **options)
    transport = httpx.ASGITransport(edge)  # type: ignore[arg-type]  # httpx's own, narrower types for ASGI
    return httpx.AsyncClient(transport=transport, base_url="http://argus.test:3000")


async def chunks(count: int) -> Any:
    for _ in range(count):
        yield bytes(100)


async def test_a_body_within_the_limit_arrives_whole() -> None:
    """To the last byte of the limit."""
    async with client() as http:
        assert (await http.post("/", content=chunks(10))).text == "1000"


@pytest.mark.parametrize("content", [bytes(1001), 11])
async def test_a_body_past_the_limit_is_refused_declared_or_not(content: bytes | int) -> None:
    """Content-Length is believed when it says too much, and never when it says nothing."""
    async with client() as http:
        answer = await http.post("/", content=chunks(content) if isinstance(content, int) else content)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://argus.test:3000", 200), ("http://argus.test:3001", 403), ("http://other.test", 403), ("null", 403)],
)
async def test_only_the_pages_own_origin_may_post(origin: str, status: int) -> None:
    """Host and port have to be those that the browser used."""
    async with client() as http:
        assert (await http.post("/", headers={"origin": origin})).status_code == status


async def test_the_operator_may_allow_another_origin() -> None:
    """For a page behind a proxy that changes the host."""
    async with client(allowed_origins=("https://argus.example",)) as http:
        assert (await http.post("/", headers={"origin": "https://argus.example"})).status_code == 200


async def test_reading_is_open_and_a_tool_without_origin_may_post() -> None:
    """The rule is about other pages in a browser."""
    async with client() as http:
        assert (await http.get("/", headers={"origin": "http://other.test"})).status_code == 200
        assert (await http.post("/")).status_code == 200


async def test_a_session_of_another_page_is_closed_before_it_opens() -> None:
    """The WebSocket is refused without reaching the application."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def never(*_: Any) -> None:
        pytest.fail("the application was reached")

    headers = [(b"host", b"argus.test:3000"), (b"origin", b"http://other.test")]
    await Edge(never, max_body_bytes=1)({"type": "websocket", "headers": headers, "path": "/_event"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_every_answer_carries_the_security_headers() -> None:
    """And hashed files may be kept, pages may not."""
    async with client() as http:
        page, script = await http.get("/"), await http.get("/assets/page-1a2b.js")
    assert page.headers["content-security-policy"] == "default-src 'self'"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in script.headers["cache-control"]


def test_the_policy_names_inline_scripts_by_their_hash_and_allows_no_others() -> None:
    """The hash of an empty script is a well-known one."""
    policy = content_policy(["<script></script><script src='/a.js'></script>"])
    assert "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='" in policy
    assert policy.count("sha256-") == 1
    assert "unsafe-inline" not in policy.split("style-src")[0]
