"""The real service: real weights, Ray Serve, HAProxy. A photo goes in and the right label comes out."""

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from tests.e2e.serving import API_KEY, LIMITED_KEY, TORCHVISION_MODEL, RunningService
from tests.photos import encode, example, gradient

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def client(real_service: RunningService) -> Iterator[httpx.Client]:
    """A plain HTTP client of the real service."""
    with httpx.Client(base_url=real_service.url, timeout=30) as client:
        yield client


def top_label(answer: httpx.Response) -> str:
    label: str = answer.json()["results"][0]["predictions"][0]["label"]
    return label


@pytest.mark.parametrize(("photo", "expected"), [("cat", "cat|tabby"), ("coffee", "espresso|cup|coffee mug")])
def test_curl_gets_the_right_label(real_service: RunningService, examples: Path, photo: str, expected: str) -> None:
    """The command of the README, with its real answer."""
    command = ["curl", "-sf", "-F", f"file=@{examples / photo}.jpg", f"{real_service.url}/v1/classify"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    result = answer["results"][0]
    assert re.search(expected, result["predictions"][0]["label"])
    assert result["filename"] == f"{photo}.jpg"
    assert len(result["predictions"]) == 5
    assert answer["model"]["name"] == "efficientnet_lite0"


def test_headers_appear_once_and_agree_with_the_body(client: httpx.Client) -> None:
    """Ray's layer and ours do not both add the request's id."""
    answer = client.post("/v1/classify", content=example("cat"), headers={"X-Request-ID": "my-id-7"})
    assert answer.headers.get_list("X-Request-ID") == ["my-id-7"] == [answer.json()["request_id"]]
    assert len(answer.headers.get_list("Server-Timing")) == 1


def test_a_client_cannot_steer_ray_s_timeout(client: httpx.Client) -> None:
    """A tiny timeout asked for by header is not obeyed."""
    answer = client.post("/v1/classify", content=example("cat"), headers={"X-Request-Timeout-Seconds": "0.0001"})
    assert answer.status_code == 200


def test_eight_images_one_of_them_broken(client: httpx.Client) -> None:
    """Seven answers and one problem, over the real stack."""
    files = [("file", (f"{i}.jpg", example("coffee")[: 5000 if i == 5 else None])) for i in range(8)]
    results = client.post("/v1/classify", files=files).json()["results"]
    assert [result["filename"] for result in results] == [f"{i}.jpg" for i in range(8)]
    assert [i for i, result in enumerate(results) if "error" in result] == [5]
    assert results[5]["error"]["code"] == "undecodable_image"
    assert {result["predictions"][0]["label"] for i, result in enumerate(results) if i != 5} == {"espresso"}


def test_a_torchvision_model_is_served_by_name(client: httpx.Client) -> None:
    """Found in the torch cache, loaded through torchvision's own path, with its own preprocessing and labels."""
    model = client.get(f"/v1/models/{TORCHVISION_MODEL}").json()
    assert (model["default"], model["num_classes"], model["state"]) == (False, 1000, "ready")
    assert model["preprocessing"]["interpolation"] == "bilinear"
    assert model["preprocessing"]["mean"] == [0.485, 0.456, 0.406]
    labels = client.get(f"/v1/models/{TORCHVISION_MODEL}/labels").json()["labels"]
    answer = client.post(f"/v1/models/{TORCHVISION_MODEL}/classify", content=example("cat")).json()
    assert answer["model"]["name"] == TORCHVISION_MODEL
    for prediction in answer["results"][0]["predictions"]:
        assert prediction["label"] == labels[prediction["class_id"]]


def chunked(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 65536):
        yield data[start : start + 65536]


def problem_cases() -> list[Any]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8))
    big = encode(noise, "BMP")  # 1.9 MB
    cat = example("cat")
    return [
        ("POST", "/v1/classify", {"content": b""}, 400, "malformed_request"),
        ("POST", "/keyed/v1/classify", {"content": cat}, 401, "unauthenticated"),
        ("POST", "/keyed/v1/classify", {"content": cat, "headers": {"X-API-Key": LIMITED_KEY}}, 403, "forbidden"),
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("POST", "/v1/models/nobody/classify", {"content": cat}, 404, "model_not_found"),
        ("PUT", "/v1/classify", {"content": cat}, 405, "method_not_allowed"),
        ("POST", "/narrow/v1/classify", {"content": big}, 413, "payload_too_large"),
        ("POST", "/narrow/v1/classify", {"content": "chunked"}, 413, "payload_too_large"),
        ("POST", "/v1/classify", {"content": bytes(10 * 2**20 + 1)}, 413, "payload_too_large"),
        ("POST", "/v1/classify", {"content": b"GIF? no", "headers": {"Content-Type": "image/gif"}}, 415,
         "unsupported_media_type"),
        ("POST", "/v1/classify", {"content": cat[:5000]}, 422, "undecodable_image"),
        ("POST", "/narrow/v1/classify", {"content": encode(gradient(1200, 1000), "PNG")}, 422, "image_too_large"),
        ("POST", "/v1/classify", {"json": {"url": "https://images.example/cat.jpg"}}, 422, "url_not_fetched"),
        ("POST", "/v1/classify?top_k=-1", {"content": cat}, 422, "invalid_parameter"),
        ("POST", "/broken/v1/classify", {"content": cat}, 500, "internal"),
        ("POST", "/stopping/v1/classify", {"content": cat}, 503, "not_ready"),
        ("GET", "/stopping/health/ready", {}, 503, "not_ready"),
        ("POST", "/hurried/v1/classify", {"content": cat}, 504, "deadline_exceeded"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "arguments", "status", "code"), problem_cases(), ids=[case[4] for case in problem_cases()]
)
def test_every_problem_has_the_documented_shape_and_harms_nothing(
    client: httpx.Client, method: str, path: str, arguments: dict[str, Any], status: int, code: str
) -> None:
    """A real request for each row of the error table; a good one still succeeds afterwards."""
    if arguments.get("content") == "chunked":
        arguments = {"content": chunked(bytes(3 * 2**20))}
    answer = client.request(method, path, **arguments)
    assert_problem(answer, status, code)
    assert re.search("cat|tabby", top_label(client.post("/v1/classify", content=example("cat"))))


def test_an_image_is_fetched_where_the_settings_allow_it(client: httpx.Client, real_service: RunningService) -> None:
    """From the service's own pages, whose icon is an image; other hosts and other ports are refused."""
    answers = {
        path: client.post("/narrow/v1/classify", json={"url": f"{address}{path}"})
        for address, path in (
            (real_service.url, "/static-offline-docs/favicon.png"),
            (real_service.url, "/health/live"),
            ("http://127.0.0.2", "/"),
            ("http://127.0.0.1:8265", "/api/version"),
        )
    }
    icon = answers.pop("/static-offline-docs/favicon.png")
    assert icon.status_code == 200, icon.text
    assert icon.json()["results"][0]["predictions"]
    assert icon.headers["Server-Timing"].startswith("fetch;dur=")
    codes = [answer.json()["code"] for answer in answers.values()]
    assert codes == ["unsupported_media_type", "url_not_fetched", "url_not_fetched"]


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """The shape of RFC 9457 and of the contract."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert answer.headers["X-Request-ID"] == problem["request_id"]
    assert "secret" not in answer.text
    assert ("Retry-After" in answer.headers) == (status in (429, 503))


def test_a_key_opens_the_service_until_its_rate_is_used_up(client: httpx.Client) -> None:
    """429 rate_limited comes with Retry-After."""
    answers = [
        client.post("/keyed/v1/classify", content=example("cat"), headers={"Authorization": f"Bearer {API_KEY}"})
        for _ in range(2)
    ]
    assert answers[0].status_code == 200
    assert_problem(answers[1], 429, "rate_limited")
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 10


def test_a_full_service_says_so_at_once_and_answers_what_it_took(client: httpx.Client) -> None:
    """Thirty requests for one place: those that are accepted are right, the rest are 429 with Retry-After."""

    def classify(_: int) -> httpx.Response:
        return client.post("/narrow/v1/classify", content=example("coffee"))

    with ThreadPoolExecutor(30) as threads:
        answers = list(threads.map(classify, range(30)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {top_label(answer) for answer in answers if answer.status_code == 200} == {"espresso"}
    assert refused
    for answer in refused:
        assert_problem(answer, 429, "overloaded")
        assert int(answer.headers["Retry-After"]) >= 1
    assert top_label(classify(0)) == "espresso"


def read_status(client: httpx.Client, application: str = "") -> dict[str, Any]:
    answer = client.get(f"{application}/v1/status")
    assert answer.status_code == 200, answer.text
    status: dict[str, Any] = answer.json()
    return status


def wait_for_totals(client: httpx.Client, application: str, before: dict[str, Any], **more: int) -> dict[str, Any]:
    """The status once the totals have grown by that much and no more; replicas report once a second.

    And once everybody could be asked: a controller that is busy elsewhere for a moment makes one status incomplete.
    """
    expected = {**before["totals"], **{name: before["totals"][name] + count for name, count in more.items()}}
    deadline = time.monotonic() + 20
    while (status := read_status(client, application))["totals"] != expected or not status["complete"]:
        assert time.monotonic() < deadline, (expected, status)
        time.sleep(0.1)
    return status


def test_the_status_counts_what_was_sent(client: httpx.Client) -> None:
    """Requests, images and faults since a moment ago, with how long they took; looking is not counted."""
    before = read_status(client)
    for _ in range(5):
        client.post("/v1/classify", content=example("cat"))
    client.post("/v1/classify", files=[("file", ("a.jpg", example("cat"))), ("file", ("b.jpg", example("coffee")))])
    client.post("/v1/classify", content=b"not an image")
    after = wait_for_totals(client, "", before, requests=6, images=7, client_errors=1)
    assert after["complete"]
    assert (after["ongoing"], after["queued"]) == (0, 0)
    assert after["uptime_s"] > 0
    assert after["replicas"] == {"running": 1, "starting": 0, "stopping": 0, "target": 1}
    scale = {"name": "ImageClassifier", **after["replicas"], "min": 1, "max": 1}
    assert after["deployments"] == [scale]


def test_the_status_is_that_of_all_replicas(client: httpx.Client) -> None:
    """Whichever of two replicas answers, it tells what both did."""
    before = read_status(client, "/hurried")
    for _ in range(20):
        assert client.post("/hurried/v1/classify", content=example("cat")).status_code == 504
    after = wait_for_totals(client, "/hurried", before, server_errors=20)
    assert after["complete"]
    assert after["replicas"] == {"running": 2, "starting": 0, "stopping": 0, "target": 2}


def test_the_status_of_the_split_topology_has_both_deployments(client: httpx.Client) -> None:
    """Requests are counted where they arrive; the model's replicas are listed beside."""
    before = read_status(client, "/split")
    client.post("/split/v1/classify", content=example("cat"))
    after = wait_for_totals(client, "/split", before, requests=1, images=1)
    assert {scale["name"]: scale["running"] for scale in after["deployments"]} == {
        "Ingress": 1,
        "Inference_efficientnet_lite0": 1,
    }


def test_a_model_s_card_says_how_often_it_is_right(client: httpx.Client) -> None:
    """Measured by us in the served precision, or published with the weights."""
    measured = client.get("/v1/models/efficientnet_lite0").json()
    assert measured["accuracy"]["precision"] == measured["precision"]
    assert 0.88 < measured["accuracy"]["top1"] < 0.9
    published = client.get(f"/v1/models/{TORCHVISION_MODEL}").json()["accuracy"]
    assert (published["top1"], published["precision"]) == (0.58178, "fp32")


def test_a_replica_does_not_import_torch(real_service: RunningService) -> None:
    """A CPU replica loads its artifact without the framework that made it."""
    replicas = []  # but for those that come and go
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # some other process ended in between
            is_ours = str(real_service.log.parent) in process.environ().get("TORCH_HOME", "")
            if is_ours and re.match(r"ray::ServeReplica:(?!from_none)\w+:ImageClassifier", " ".join(process.cmdline())):
                replicas.append(process)
    assert len(replicas) == 6
    for replica in replicas:
        maps = Path(f"/proc/{replica.pid}/maps").read_text()
        assert "openvino" in maps
        assert "libtorch" not in maps
