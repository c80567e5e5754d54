"""The split topology for real: one replica decodes, another runs the model, and Ray carries the pixels between them."""

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.serving import RunningService
from tests.photos import example

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def client(real_service: RunningService) -> Iterator[httpx.Client]:
    """A plain HTTP client of the application in the split topology."""
    with httpx.Client(base_url=real_service.split_url, timeout=30) as client:
        yield client


def test_a_photo_gets_the_answer_of_the_fused_topology(real_service: RunningService, client: httpx.Client) -> None:
    """Labels and scores do not depend on where the model runs."""
    answer = client.post("/v1/classify", content=example("cat"))
    fused = httpx.post(f"{real_service.url}/v1/classify", content=example("cat"), timeout=30)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert re.search("cat|tabby", result["predictions"][0]["label"])
    assert result["predictions"] == fused.json()["results"][0]["predictions"]
    assert result["timing_ms"]["inference"] > 0
    assert answer.json()["model"] == fused.json()["model"]


def test_a_bad_photo_is_a_problem(client: httpx.Client) -> None:
    """Decoding fails in the ingress, with the same problem as ever."""
    answer = client.post("/v1/classify", content=example("cat")[:5000])
    assert (answer.status_code, answer.json()["code"]) == (422, "undecodable_image")


def test_one_bad_photo_among_others_fails_alone(client: httpx.Client) -> None:
    """Each image of a request is a call to the model of its own."""
    files = [("file", (f"{i}.jpg", example("coffee")[: 5000 if i == 2 else None])) for i in range(6)]
    results = client.post("/v1/classify", files=files).json()["results"]
    assert [i for i, result in enumerate(results) if "error" in result] == [2]
    assert results[2]["error"]["code"] == "undecodable_image"
    assert {result["predictions"][0]["label"] for i, result in enumerate(results) if i != 2} == {"espresso"}


def test_many_clients_each_get_their_own_answer(client: httpx.Client) -> None:
    """Answers are not exchanged on their way through the handle and the batcher."""
    photos = ["cat", "coffee"] * 12

    def classify(photo: str) -> str:
        answer = client.post("/v1/classify?top_k=1", content=example(photo))
        label: str = answer.json()["results"][0]["predictions"][0]["label"]
        return label

    with ThreadPoolExecutor(12) as threads:
        labels = list(threads.map(classify, photos))
    assert all(
        re.search("cat|tabby" if photo == "cat" else "espresso", label)
        for photo, label in zip(photos, labels, strict=True)
    )


def test_the_model_is_only_where_it_should_be(real_service: RunningService) -> None:
    """An ingress replica does not load OpenVINO; an inference replica does."""
    maps = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # some other process ended in between
            if str(real_service.log.parent) not in process.environ().get("TORCH_HOME", ""):
                continue
            if found := re.match(r"ray::ServeReplica:split:(\w+)", " ".join(process.cmdline())):
                maps[found.group(1)] = Path(f"/proc/{process.pid}/maps").read_text()
    assert maps.keys() == {"Ingress", "Inference_efficientnet_lite0"}
    assert "openvino" not in maps["Ingress"]
    assert "openvino" in maps["Inference_efficientnet_lite0"]
