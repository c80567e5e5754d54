"""Triton's own clients, unchanged, against the real service; and the samples of docs/open-inference.md."""

import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.clients.environment import Clients
from tests.e2e.normalising import MODEL, normalise_photos
from tests.e2e.serving import ROOT, RunningService
from tests.e2e.triton import (
    PHOTOS,
    describe_photos,
    expect_same_classes,
    run_perf_analyzer,
    run_sample,
    run_script,
)
from tests.photos import example

pytestmark = pytest.mark.timeout(300)

SCRIPT = ROOT / "tests" / "clients" / "scripts" / "triton_http.py"
DOCUMENT = (ROOT / "docs" / "open-inference.md").read_text()
SAMPLES = re.findall(r"```(sh|python)\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture(scope="module")
def seen(real_service: RunningService, clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tritonclient made of everything that the script asks for."""
    photos = describe_photos(real_service, tmp_path_factory.mktemp("tensors"))
    argument = {"url": real_service.url.removeprefix("http://"), **photos}
    found: dict[str, Any] = clients.run(SCRIPT, argument, timeout_s=120)
    return found


def test_the_same_photo_has_the_same_top_5_in_every_form(real_service: RunningService, seen: dict[str, Any]) -> None:
    """Image files and FP32 tensors, in binary and JSON, plain and packed: as /v1/classify answers."""
    assert len(seen["classes"]) == 8
    expect_same_classes(real_service, seen["classes"])


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


def at_service(sample: str, service: RunningService) -> str:
    """A sample of the document, at the address of the tests."""
    return sample.replace("127.0.0.1:8000", service.url.removeprefix("http://"))


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if language == "sh" and "curl" in code])
def test_the_document_s_calls_run(real_service: RunningService, tmp_path: Path, sample: str) -> None:
    """As they stand; what is shown is what is answered."""
    printed = run_sample(at_service(sample, real_service), tmp_path)
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
    said = run_perf_analyzer(clients, at_service(sample, real_service), tmp_path)
    assert "compute infer" in said


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if language == "python"])
def test_the_document_s_scripts_run(real_service: RunningService, clients: Clients, sample: str) -> None:
    """With tritonclient and nothing of ours; a cat is one."""
    printed = run_script(clients, at_service(sample, real_service))
    assert re.search(r"tabby|cat|^28[1-5]$", printed)
