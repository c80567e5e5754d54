"""Classify requests pass the web framework by; all others reach it."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from serve_app.http.classify import ClassifyOperation, ShortWay
from serve_app.http.context import RequestContext
from serve_app.meters import Meters
from serve_app.settings import Settings
from serve_app.tally import Tally
from tests.fakes import make_repository
from tests.integration.test_http_classify import RED

FRAMEWORK = "the framework"


def around(root_path: str) -> httpx.AsyncClient:
    """A client of a short way in front of a framework that only says that it was reached."""
    meters = Meters()
    operation = ClassifyOperation(make_repository(), Settings(), meters)
    app = RequestContext(ShortWay(PlainTextResponse(FRAMEWORK), operation), Tally(), meters, echo_request_id=True)
    transport = httpx.ASGITransport(app, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url=f"http://argus{root_path}")


@pytest.mark.parametrize("root_path", ["", "/pictures"])
async def test_a_classify_request_takes_it(root_path: str) -> None:
    """With and without a route prefix, by the default model and by name."""
    async with around(root_path) as client:
        for path in ("/v1/classify", "/v1/classify?top_k=1", "/v1/models/colors/classify"):
            answer = await client.post(path, content=RED)
            assert answer.status_code == 200, answer.text
            assert answer.json()["results"][0]["predictions"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/classify"), ("GET", "/v1/models"), ("POST", "/v1/classify/"), ("POST", "/v1/models/a/b/classify")],
)
async def test_anything_else_reaches_the_framework(method: str, path: str) -> None:
    """Another method, another route, a path that only looks alike."""
    async with around("") as client:
        assert (await client.request(method, path)).text == FRAMEWORK
