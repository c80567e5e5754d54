"""Errors of the drop-in protocols: the service's own statuses, in the form that each protocol's clients read."""

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from serve_app.errors import HttpError
from serve_app.http.error_shapes import find_shape
from serve_app.settings import AccessSettings, ApiKey, LimitSettings, ModelSettings, OverloadSettings, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "JPEG")
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json"}

Check = Callable[[Any, int], bool]


def is_hugging_face(body: Any, status: int) -> bool:
    return body.keys() == {"error"} and body["error"].endswith(".")


def is_torchserve(body: Any, status: int) -> bool:
    return body.keys() == {"code", "type", "message"} and body["code"] == status and body["type"].endswith("Exception")


def is_course(body: Any, status: int) -> bool:
    return body.keys() == {"detail"} and body["detail"].endswith(".")


PROTOCOLS: dict[str, Check] = {
    "/huggingface": is_hugging_face,
    "/predictions/colors": is_torchserve,
    "/classify/": is_course,
}


def assert_refused(answer: httpx.Response, status: int, check: Check) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert check(answer.json(), status), answer.text


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"--x\r\nbroken", FORM, 400),
        (b"--x--\r\n", FORM, 400),
        (b"plain text", {}, 415),
        (RED[:300], {}, 422),
    ],
    ids=["nothing", "broken form", "empty form", "no photo", "damaged photo"],
)
async def test_a_photo_at_fault(
    client: httpx.AsyncClient, path: str, check: Check, content: bytes, headers: dict[str, str], status: int
) -> None:
    """The client is told what is wrong, and the next request is answered."""
    assert_refused(await client.post(path, content=content, headers=headers), status, check)
    assert (await client.post(path, content=RED)).status_code == 200


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"inputs": 1}', 400),
        (b'{"inputs": "not base64!"}', 400),
        (b'{"inputs": "aGVsbG8="}', 415),
        (b'{"inputs": "aGVsbG8=", "parameters": []}', 400),
        (b'{"inputs": "aGVsbG8=", "parameters": {"top_k": 0}}', 422),
        (b'{"inputs": "aGVsbG8=", "parameters": {"top_k": "5"}}', 422),
        (b'{"inputs": "aGVsbG8=", "parameters": {"function_to_apply": "argmax"}}', 422),
    ],
)
async def test_hugging_face_inputs_at_fault(client: httpx.AsyncClient, document: bytes, status: int) -> None:
    """What is not as documented is refused, not guessed."""
    assert_refused(await client.post("/huggingface", content=document, headers=JSON), status, is_hugging_face)


@pytest.mark.parametrize(
    ("path", "status", "check", "kind"),
    [
        ("/huggingface/nobody", 404, is_hugging_face, ""),
        ("/predictions/nobody", 404, is_torchserve, "ModelNotFoundException"),
        ("/predictions/colors/7", 404, is_torchserve, "ModelNotFoundException"),
        ("/predictions/colors/1.0/more", 404, is_torchserve, "ResourceNotFoundException"),
    ],
)
async def test_a_model_that_is_not_there(
    client: httpx.AsyncClient, path: str, status: int, check: Check, kind: str
) -> None:
    """By name, by version, by address."""
    answer = await client.post(path, content=RED)
    assert_refused(answer, status, check)
    assert kind in answer.text


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_another_method(client: httpx.AsyncClient, path: str, check: Check) -> None:
    """405 names the right one, also where the framework found it out."""
    answer = await client.get(path)
    assert_refused(answer, 405, check)
    assert answer.headers["Allow"] == ("POST, PUT" if check is is_torchserve else "POST")


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_two_photos_in_a_form(client: httpx.AsyncClient, path: str, check: Check) -> None:
    """These protocols have no answer for more than one."""
    files = [("one", ("1.jpg", RED)), ("two", ("2.jpg", RED))]
    assert_refused(await client.post(path, files=files), 400, check)


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_a_photo_that_is_too_large(path: str, check: Check) -> None:
    """Raw, in a form, and as a whole request, which is refused before any route."""
    limits = LimitSettings(max_image_bytes=1024, max_request_bytes=4096)
    async with open_service(settings=Settings(limits=limits)) as client:
        assert_refused(await client.post(path, content=RED + bytes(1024)), 413, check)
        assert_refused(await client.post(path, files={"file": RED + bytes(1024)}), 413, check)
        assert_refused(await client.post(path, content=bytes(5000)), 413, check)
        route = path.replace("colors", "{model}")
        assert f'argus_requests_total{{code="413",route="{route}"}} 3.0' in (await client.get("/metrics")).text


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_keys_and_rates_are_those_of_every_protocol(path: str, check: Check) -> None:
    """No key, a wrong one, one of another model, and one request too many."""
    keys = [
        ApiKey(client="all", sha256=hashlib.sha256(b"all").hexdigest()),
        ApiKey(client="some", sha256=hashlib.sha256(b"some").hexdigest(), models=("hues",)),
    ]
    models = tuple(ModelSettings(weights=name) for name in ("colors", "hues"))
    access = AccessSettings(api_keys=tuple(keys), requests_per_s=0.1, burst=1)
    settings = Settings(models=models, access=access)
    repository = make_repository(settings, colors=ColorRuntime(), hues=ColorRuntime())
    async with open_service(repository, settings) as client:
        answer = await client.post(path, content=RED)
        assert_refused(answer, 401, check)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert_refused(await client.post(path, content=RED, headers={"X-API-Key": "other"}), 401, check)
        some = {"Authorization": "Bearer some"}
        assert_refused(await client.post(path, content=RED, headers=some), 403, check)
        every = {"Authorization": "Bearer all"}
        assert (await client.post("/v1/classify", content=RED, headers=every)).status_code == 200
        answer = await client.post(path, content=RED, headers=every)
        assert_refused(answer, 429, check)
        assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_a_deadline_that_passes(path: str, check: Check) -> None:
    """504 for every protocol."""
    async with open_service(settings=Settings(overload=OverloadSettings(deadline_s=1e-6))) as client:
        assert_refused(await client.post(path, content=RED), 504, check)


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_a_service_that_stops(path: str, check: Check) -> None:
    """503, with when to come back."""
    repository = make_repository()
    async with open_service(repository) as client:
        repository.close()
        answer = await client.post(path, content=RED)
    assert_refused(answer, 503, check)
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_a_mistake_of_the_service(path: str, check: Check) -> None:
    """500 tells nothing of it."""
    async with open_service(make_repository(colors=ColorRuntime(error=ValueError("secret")))) as client:
        answer = await client.post(path, content=RED)
    assert_refused(answer, 500, check)
    assert "secret" not in answer.text


@pytest.mark.parametrize(("path", "check"), PROTOCOLS.items())
async def test_a_failed_image_is_counted_under_its_reason(client: httpx.AsyncClient, path: str, check: Check) -> None:
    """As for /v1/classify."""
    await client.post(path, content=b"plain text")
    metrics = (await client.get("/metrics")).text
    assert 'argus_images_total{model="colors",result="unsupported_media_type"} 1.0' in metrics


@pytest.mark.parametrize("prefix", ["", "/keyed"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/huggingface", "error"),
        ("/huggingface/ping", "error"),
        ("/predictions/predict", "message"),
        ("/ping", "status"),
        ("/classify", "detail"),
        ("/predict/", "detail"),
        ("/v2/models/classify/infer", "error"),
    ],
)
def test_the_path_decides_the_form(prefix: str, path: str, field: str) -> None:
    """Behind an application's prefix too, whatever a model is called."""
    shape = find_shape(prefix + path)
    assert shape is not None
    assert field in shape(_SomeError("Words."))


@pytest.mark.parametrize(
    "path", ["/", "/v1/classify", "/v1/models/predict", "/v1/models/a/classify", "/health/live", "/metrics", "/nowhere"]
)
def test_elsewhere_an_error_is_a_problem(path: str) -> None:
    """No other protocol takes paths of the service's own."""
    assert find_shape(path) is None


class _SomeError(HttpError):
    status, code, title = 400, "some", "Some error"
