"""argus_client against the real application: what one writes the other reads."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

import argus_client
from argus_client import AsyncArgusClient, Classification, Url, UrlNotFetched
from serve_app import errors
from serve_app.http.app import create_app
from serve_app.settings import Settings
from tests.fakes import ColorRuntime, make_repository
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "JPEG")


@pytest.fixture
def runtime() -> ColorRuntime:
    """The model behind the service."""
    return ColorRuntime()


@pytest.fixture
async def client(runtime: ColorRuntime) -> AsyncIterator[AsyncArgusClient]:
    """The real client, over an in-process transport."""
    app = create_app(make_repository(colors=runtime), Settings())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with AsyncArgusClient("http://argus", transport=transport, retries=0) as client:
        yield client


def test_every_error_of_the_service_has_its_class() -> None:
    """One tree on either side: the same codes, under the same names, below the same ones."""

    def draw(kind: type[Any], attribute: str) -> dict[str, tuple[str, bool]]:
        found: dict[str, tuple[str, bool]] = {}
        for child in kind.__subclasses__():
            if attribute in vars(child):
                found[getattr(child, attribute)] = child.__name__, getattr(kind, attribute, None) is not None
            found |= draw(child, attribute)
        return found

    assert draw(argus_client.ProblemError, "CODE") == draw(errors.HttpError, "code")


async def test_a_photo_becomes_a_typed_result(client: AsyncArgusClient) -> None:
    """Every field of the answer arrives, with the round trip added."""
    result = await client.classify(RED, filename="red.png", top_k=2)
    assert (result.width, result.height, result.top.label) == (60, 40, "red")
    assert len(result.predictions) == 2
    assert result.model.name == "colors"
    assert 0 < result.timing.decode_ms <= result.timing.total_ms
    assert result.request_id


async def test_a_batch_keeps_its_order_and_its_errors_as_values(client: AsyncArgusClient) -> None:
    """One bad image is a value in its place."""
    good, bad, other = await client.classify_batch([RED, b"nonsense", BLUE])
    assert isinstance(good, Classification)
    assert isinstance(other, Classification)
    assert (good.top.label, other.top.label) == ("red", "blue")
    assert isinstance(bad, argus_client.UnsupportedMediaType)
    assert "JPEG" in bad.detail


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", "MalformedRequest"), (b"nonsense", "UnsupportedMediaType"), (RED[:80], "UndecodableImage")],
)
async def test_a_problem_becomes_its_class(client: AsyncArgusClient, data: bytes, error: str) -> None:
    """The client's error tree mirrors the service's codes."""
    with pytest.raises(getattr(argus_client, error)):
        await client.classify(data)


async def test_an_unknown_model_and_a_bad_parameter_are_told_apart(client: AsyncArgusClient) -> None:
    """404 and 422 have classes of their own."""
    with pytest.raises(argus_client.ModelNotFound):
        await client.classify(RED, model="nobody")
    with pytest.raises(argus_client.InvalidParameter):
        await client.classify(RED, min_score=2.0)


async def test_an_internal_error_is_a_problem_too(client: AsyncArgusClient, runtime: ColorRuntime) -> None:
    """A 500 of the service is not mistaken for an unreachable one."""
    runtime.error = RuntimeError("broken")
    with pytest.raises(argus_client.Internal):
        await client.classify(RED)


async def test_models_labels_and_health_are_read(client: AsyncArgusClient) -> None:
    """The other calls of the client match the other routes."""
    (model,) = await client.models()
    assert (model.name, model.default, model.num_classes, model.state) == ("colors", True, 3, "ready")
    assert await client.model("colors") == model
    assert await client.labels("colors") == ["red", "green", "blue"]
    assert await client.live()
    assert (await client.ready()).state == "ready"


async def test_the_status_counts_what_the_client_sent(client: AsyncArgusClient) -> None:
    """Every field of the document is one that the client reads."""
    await client.classify_batch([RED, BLUE])
    status = await client.status()
    assert (status.totals.requests, status.totals.images, status.ongoing) == (1, 2, 0)
    assert status.latency_ms.p99 is not None
    assert status.requests_per_s > 0
    assert (status.replicas.running, status.replicas.target, status.complete) == (1, 1, False)
    assert [deployment.running for deployment in status.deployments] == [1]


async def test_base64_and_raw_bytes_give_the_same_scores(client: AsyncArgusClient) -> None:
    """The forms of body are only forms."""
    raw = await client.classify(BLUE)
    app = create_app(make_repository(), Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as plain:
        answer = await plain.post("/v1/classify", json={"images": [base64.b64encode(BLUE).decode()]})
    scores = [prediction["score"] for prediction in answer.json()["results"][0]["predictions"]]
    assert scores == [prediction.score for prediction in raw.predictions]


async def test_an_image_is_named_by_its_address(client: AsyncArgusClient) -> None:
    """The service reads what the client writes; it fetches nothing until it is told to."""
    good, refused = await client.classify_batch([RED, Url("https://images.example/red.png")])
    assert isinstance(good, Classification)
    assert isinstance(refused, UrlNotFetched)
    with pytest.raises(UrlNotFetched, match=r"remote_images\.enabled"):
        await client.classify(Url("https://images.example/red.png"))
