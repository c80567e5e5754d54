"""Triton's own clients, unchanged, against the real service; and the samples of docs/open-inference.md."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.clients.environment import Clients
from tests.e2e.normalising import normalise_photos
from tests.e2e.serving import ROOT, RunningService
from tests.photos import EXAMPLES, example

pytestmark = pytest.mark.timeout(300)

MODEL = "efficientnet_lite0"
PHOTOS = ("cat", "coffee", "rocket")
SCRIPT = ROOT / "tests" / "clients" / "scripts" / "triton_http.py"
DOCUMENT = (ROOT / "docs" / "open-inference.md").read_text()
SAMPLES = re.findall(r"```(sh|python)\n(.*?)```", DOCUMENT, re.DOTALL)


def classify(service: RunningService, photo: str) -> list[tuple[int, str]]:
    """The five best classes of a photo, as /v1/classify has them."""
    answer = httpx.post(f"{service.url}/v1/classify", content=example(photo), timeout=30).json()
    return [(one["class_id"], one["label"]) for one in answer["results"][0]["predictions"]]


@pytest.fixture(scope="module")
def seen(real_service: RunningService, clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tritonclient made of everything that the script asks for."""
    tensors = tmp_path_factory.mktemp("tensors") / "planes.npy"
    np.save(tensors, np.ascontiguousarray(normalise_photos(real_service.url, PHOTOS)))
    argument = {
        "url": real_service.url.removeprefix("http://"),
        "model": MODEL,
        "photos": [str(EXAMPLES / f"{name}.jpg") for name in PHOTOS],
        "tensors": str(tensors),
    }
    found: dict[str, Any] = clients.run(SCRIPT, argument, timeout_s=120)
    return found


def test_the_same_photo_has_the_same_top_5_in_every_form(real_service: RunningService, seen: dict[str, Any]) -> None:
    """Image files and FP32 tensors, in binary and JSON, plain and packed: as /v1/classify answers."""
    expected = [classify(real_service, name) for name in PHOTOS]
    assert len(seen["classes"]) == 8
    for form, rows in seen["classes"].items():
        classes = [[text.split(":", 2) for text in row] for row in rows]
        assert [[(int(class_id), label) for _, class_id, label in row] for row in classes] == expected, form


def test_tritonclient_reads_all_that_the_service_says_of_itself(seen: dict[str, Any]) -> None:
    """Health, metadata, configuration, index and statistics."""
    assert (seen["live"], seen["ready"], seen["model ready"], seen["nobody ready"]) == (True, True, [True, True], False)
    assert "statistics" in seen["server"]["extensions"]
    image, tensor = seen["metadata"]
    assert image["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1, 1]}]
    assert tensor["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 3, 224, 224]}]
    assert seen["config"]["input"][0]["format"] == "FORMAT_NCHW"
    assert {MODEL, f"{MODEL}_tensor"} < {entry["name"] for entry in seen["index"]}
    (counts,) = seen["statistics"]["model_stats"]
    assert counts["inference_stats"]["success"]["count"] > 0
    assert len(seen["all statistics"]["model_stats"]) == len(seen["index"])


def test_tritonclient_gets_scores_ids_and_errors(seen: dict[str, Any]) -> None:
    """All scores of a photo, twice the same; errors with the service's own words."""
    (scores,) = seen["scores"]
    assert len(scores) == 1000
    assert sum(scores) == pytest.approx(1, abs=1e-3)
    assert seen["asynchronous"] == seen["scores"]
    assert seen["id"] == "seven"
    assert seen["nobody"][0] == "404"
    assert "'nobody'" in seen["nobody"][1]
    assert seen["damaged"][0] == "415"
    assert "not an image" in seen["damaged"][1]


def test_the_split_topology_answers_the_same(real_service: RunningService) -> None:
    """Its logits cross a process boundary, and are the same numbers."""
    headers = {"Inference-Header-Content-Length": "0"}
    bodies = {"": example("cat"), "_tensor": normalise_photos(real_service.url, PHOTOS)[:1].tobytes()}
    for view, body in bodies.items():
        answers = [
            httpx.post(f"{url}/v2/models/{MODEL}{view}/infer", content=body, headers=headers, timeout=30)
            for url in (real_service.url, real_service.split_url)
        ]
        one, other = (np.frombuffer(answer.content[-4000:], "<f4") for answer in answers)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert one.argsort()[-5:].tolist() == other.argsort()[-5:].tolist()
        assert np.allclose(one, other, atol=1e-3)


def test_errors_keep_the_protocol_s_shape_behind_a_route_prefix(real_service: RunningService) -> None:
    """One string, over the whole stack."""
    infer = f"/v2/models/{MODEL}/infer"
    for url, status in (
        (real_service.keyed_url + infer, 401),
        (real_service.url + "/stopping/v2/models/colors/ready", 503),
        (real_service.url + "/broken/v2/models/nobody/infer", 404),
    ):
        answer = httpx.request("GET" if url.endswith("ready") else "POST", url, content=b"{}", timeout=30)
        assert (answer.status_code, list(answer.json())) == (status, ["error"]), url


def run_sample(sample: str, service: RunningService, folder: Path, before: str = "") -> str:
    """A sample of the document in a folder of its own, at the address of the tests; what it printed."""
    (folder / "assets").symlink_to(ROOT / "assets")
    code = before + sample.replace("127.0.0.1:8000", service.url.removeprefix("http://"))
    command = ["/bin/bash", "-euo", "pipefail", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if language == "sh" and "curl" in code])
def test_the_document_s_calls_run(real_service: RunningService, tmp_path: Path, sample: str) -> None:
    """As they stand; what is shown is what is answered."""
    printed = run_sample(sample, real_service, tmp_path)
    if "scores.bin" in sample:
        scores = np.frombuffer((tmp_path / "scores.bin").read_bytes()[-4000:], "<f4")
        assert scores.argmax() == 967
    else:
        shown = re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
        assert shown
        labels = re.compile(r'\d:(\d+):([^"]+)"')
        assert labels.findall(printed) == labels.findall(shown[1])


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if "perf_analyzer" in code])
def test_perf_analyzer_finishes_the_document_s_runs(
    real_service: RunningService, clients: Clients, tmp_path: Path, sample: str
) -> None:
    """It finds the model, sends requests, and reads the server's statistics of them; in small windows."""
    short = "--measurement-mode count_windows --measurement-request-count 20 --stability-percentage 999 --max-trials 3"
    program = f'perf_analyzer() {{ {shlex.join(clients.perf_analyzer)} "$@" {short}; }}\n'
    said = run_sample(sample, real_service, tmp_path, program)
    throughputs = re.findall(r"Throughput: ([0-9.]+) infer/sec", said)
    assert throughputs, said
    assert all(float(throughput) > 0 for throughput in throughputs)
    assert re.search(r"Server:\s+Inference count: [1-9]", said), said
    assert "compute infer" in said


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if language == "python"])
def test_the_document_s_scripts_run(real_service: RunningService, clients: Clients, sample: str) -> None:
    """With tritonclient and nothing of ours; a cat is one."""
    code = sample.replace("127.0.0.1:8000", real_service.url.removeprefix("http://"))
    command = [str(clients.python), "-W", "error::DeprecationWarning:__main__", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"tabby|cat|^28[1-5]$", done.stdout)
