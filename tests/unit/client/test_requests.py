"""What the client sends, as the service sees it."""

import base64
import io
import json
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest

from argus_client import Url, UrlNotFetched, through_httpx
from argus_client.calls import Calls
from tests.unit.client.service import ITEM, Service, classified, problem


def test_one_image_is_the_raw_body() -> None:
    """A single image travels as its own bytes, without a multipart frame around it."""
    service = Service(classified(ITEM))
    service.client().classify(b"jpeg bytes", top_k=3, min_score=0.25)
    (request,) = service.requests
    assert (request.method, request.url.path) == ("POST", "/v1/classify")
    assert dict(request.url.params) == {"top_k": "3", "min_score": "0.25"}
    assert request.content == b"jpeg bytes"
    assert request.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("resnet50:IMAGENET1K_V2", b"/v1/models/resnet50:IMAGENET1K_V2/classify"),
        ("../v1/status", b"/v1/models/..%2Fv1%2Fstatus/classify"),
    ],
)
def test_a_model_name_stays_one_path_segment(name: str, path: bytes) -> None:
    """A model's name reaches the service whole, and cannot lead to another address."""
    service = Service(classified(ITEM))
    service.client().classify(b"x", model=name)
    assert service.requests[0].url.raw_path.split(b"?")[0] == path


def test_a_path_and_an_open_file_name_their_image(tmp_path: Path) -> None:
    """The filename comes from the file when the caller gives none, and the caller's wins when there is one."""
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"cat")
    service = Service(*(classified(ITEM) for _ in range(3)))
    client = service.client()
    assert client.classify(file).filename == "cat.jpg"
    with file.open("rb") as handle:
        assert client.classify(handle).filename == "cat.jpg"
    assert client.classify(io.BytesIO(b"cat"), filename="mine.png").filename == "mine.png"
    assert [request.content for request in service.requests] == [b"cat"] * 3


def test_a_batch_is_one_multipart_request_in_order() -> None:
    """Several images leave in one request, each as a file part, in the order given."""
    service = Service(classified(ITEM, ITEM))
    service.client().classify_batch([b"one", io.BytesIO(b"two")])
    (request,) = service.requests
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.content).get_payload()
    assert isinstance(parts, list)
    assert [part.get_payload(decode=True) for part in parts if not isinstance(part, str)] == [b"one", b"two"]
    assert all(part.get_filename() for part in parts if not isinstance(part, str))


def test_an_image_s_address_travels_as_json() -> None:
    """Alone, and among images that are sent; the service fetches what is there."""
    service = Service(classified(ITEM), classified(ITEM, ITEM))
    client = service.client()
    assert client.classify(Url("https://a.example/cat.jpg"), filename="cat.jpg", top_k=3).filename == "cat.jpg"
    client.classify_batch([b"one", Url("https://a.example/b")])
    one, several = service.requests
    assert json.loads(one.content) == {"url": "https://a.example/cat.jpg"}
    assert json.loads(several.content) == {
        "images": [base64.b64encode(b"one").decode(), {"url": "https://a.example/b"}]
    }
    assert dict(one.url.params)["top_k"] == "3"
    assert [request.headers["content-type"] for request in service.requests] == ["application/json"] * 2


def test_an_address_that_gives_no_image_is_an_error_of_its_own() -> None:
    """Raised by a call for one image, and a value in a batch of one."""
    service = Service(problem(422, "url_not_fetched"), problem(422, "url_not_fetched"))
    client = service.client()
    with pytest.raises(UrlNotFetched):
        client.classify(Url("https://a.example/"))
    (error,) = client.classify_batch([Url("https://a.example/")])
    assert isinstance(error, UrlNotFetched)


def test_an_empty_batch_asks_nothing() -> None:
    """No images need no request."""
    service = Service()
    assert service.client().classify_batch([]) == []
    assert service.requests == []


def test_every_call_has_its_own_request_id_and_retries_share_it() -> None:
    """The service's log can tell calls apart, and sees the attempts of one call as one."""
    service = Service(problem(429, "overloaded", **{"Retry-After": "0"}), classified(ITEM), classified(ITEM))
    client = service.client()
    client.classify(b"x")
    client.classify(b"x")
    first, again, second = (request.headers["x-request-id"] for request in service.requests)
    assert first == again != second
    assert len(first) == 32
    assert int(first, 16)


def test_an_api_key_is_sent_as_a_bearer_token() -> None:
    """A key given to the client goes with every request; without one there is no such header."""
    service = Service(classified(ITEM), classified(ITEM))
    service.client(api_key="k").classify(b"x")
    service.client().classify(b"x")
    assert [request.headers.get("authorization") for request in service.requests] == ["Bearer k", None]


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy configured, a call to the loopback address still goes there directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    service = Service(httpx.Response(200))
    assert service.client(base_url="http://localhost:8000").live()
    calls = [
        Calls(url, api_key=None, timeout_s=1, retries=0) for url in ("http://127.0.0.1:8000", "https://argus.example")
    ]
    assert [through_httpx.options(one)["trust_env"] for one in calls] == [False, True]
