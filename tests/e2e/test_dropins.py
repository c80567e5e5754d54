"""The drop-in protocols over the real stack: huggingface_hub unchanged, curl for TorchServe and the MLOps course."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.environment import Clients
from tests.e2e.serving import LIMITED_KEY, ROOT, TORCHVISION_MODEL, RunningService

pytestmark = pytest.mark.timeout(300)

MODEL = "efficientnet_lite0"
SCRIPT = ROOT / "tests" / "clients" / "scripts" / "huggingface.py"


@pytest.fixture(scope="module")
def seen(real_service: RunningService, clients: Clients) -> dict[str, Any]:
    """What huggingface_hub made of everything that the script asks for."""
    argument = {
        "url": real_service.url,
        "photo": str(ROOT / "assets" / "examples" / "cat.jpg"),
        "model": MODEL,
        "keyed_url": real_service.keyed_url,
        "key": LIMITED_KEY,
    }
    found: dict[str, Any] = clients.run(SCRIPT, argument, timeout_s=120)
    return found


def curl(*arguments: str) -> Any:
    """The answer of `curl` in the project's folder, whatever its status."""
    command = ["curl", "-sS", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return json.loads(done.stdout)


def test_huggingface_hub_classifies_in_every_way_that_it_has(seen: dict[str, Any]) -> None:
    """Bytes, a path, parameters, a model by name, asynchronously: the same cat."""
    answers = seen["answers"]
    five = answers["bytes"]
    assert len(five) == 5
    assert five[0][0] in {"tabby", "Egyptian cat", "tiger cat"}
    assert answers["path"] == answers["path object"] == five
    for way in ("with parameters", "model by name", "asynchronous"):
        labels, scores = zip(*answers[way], strict=True)
        assert list(labels) == [label for label, _ in five[:3]], way
        assert list(scores) == pytest.approx([score for _, score in five[:3]], abs=1e-3), way


@pytest.mark.parametrize(
    ("case", "kind", "status", "words"),
    [
        ("no photo", "HfHubHTTPError", 415, "not an image that is accepted"),
        ("damaged", "HfHubHTTPError", 422, "damaged or cut short"),
        ("no model", "HfHubHTTPError", 404, "There is no model 'nobody'"),
        ("no key", "HfHubHTTPError", 401, "Send an API key"),
        ("key of another model", "HfHubHTTPError", 403, "may not use the model"),
        ("bad parameter", "HfHubHTTPError", 422, "top_k"),
        ("stopping", "HfHubHTTPError", 503, "The service is stopping"),
    ],
)
def test_huggingface_hub_tells_errors_in_the_service_s_words(
    seen: dict[str, Any], case: str, kind: str, status: int, words: str
) -> None:
    """It raises its own error with the status, and shows what is in `error`."""
    error = seen["errors"][case]
    assert (error["kind"], error["status"]) == (kind, status)
    assert words in error["text"]
    if status == 503:
        assert error["retry after"] == "1"


def test_curl_asks_as_torchserve_s_documentation_does(real_service: RunningService) -> None:
    """A photo as the body by PUT and POST, and in a form; another model by name; ping."""
    url, photo = f"{real_service.url}/predictions/{MODEL}", "assets/examples/coffee.jpg"
    answers = [
        curl(url, "-T", photo),
        curl("-X", "POST", url, "-T", photo),
        curl(url, "-F", f"data=@{photo}"),
        curl("--data-binary", f"@{photo}", f"{url}/1.0"),
    ]
    for answer in answers:
        assert list(answer) == list(answers[0])
        assert next(iter(answer)) == "espresso"
        assert len(answer) == 5
    assert len(curl(f"{real_service.url}/predictions/{TORCHVISION_MODEL}", "-T", photo)) == 5
    assert curl(f"{real_service.url}/ping") == {"status": "Healthy"}


def test_curl_reads_torchserve_s_errors(real_service: RunningService) -> None:
    """The service's, the model's and Ray's own."""
    photo = "assets/examples/coffee.jpg"
    unknown = curl(f"{real_service.url}/predictions/resnet-18", "-T", photo)
    assert unknown.keys() == {"code", "type", "message"}
    assert (unknown["code"], unknown["type"]) == (404, "ModelNotFoundException")
    broken = curl(f"{real_service.url}/broken/predictions/colors", "-T", photo)
    assert (broken["code"], broken["type"]) == (500, "InternalServerException")
    assert "secret" not in broken["message"]
    stopping = curl(f"{real_service.url}/stopping/ping")
    assert (stopping["status"], stopping["code"]) == ("Unhealthy", 503)


def test_the_course_s_page_works(real_service: RunningService) -> None:
    """What it posts, what it reads, and a chart with as many bars as there are labels."""
    photo = (ROOT / "assets" / "examples" / "rocket.jpg").read_bytes()
    answer = httpx.post(f"{real_service.url}/classify/", files={"file": photo}, timeout=10)
    assert answer.status_code == 200
    result = answer.json()
    assert result["prediction"] in {"missile", "projectile", "space shuttle"}
    probabilities = result["probabilities"]
    labels = httpx.get(f"{real_service.url}/v1/models/{MODEL}/labels", timeout=10).json()["labels"]
    assert len(labels) == len(probabilities) == 1000
    assert labels[probabilities.index(max(probabilities))] == result["prediction"]
    assert sum(probabilities) == pytest.approx(1, abs=1e-3)


def test_curl_sends_the_course_s_form(real_service: RunningService, tmp_path: Path) -> None:
    """With and without the slash; a photo that is none is an error of the client, told in `detail`."""
    for path in ("/classify/", "/classify"):
        answer = curl("-F", "file=@assets/examples/cat.jpg", real_service.url + path)
        assert answer["filename"] == "cat.jpg"
        assert "cat" in answer["prediction"] or answer["prediction"] == "tabby"
    text = tmp_path / "photo.jpg"
    text.write_text("plain text")
    assert curl("-F", f"file=@{text}", f"{real_service.url}/classify/").keys() == {"detail"}
