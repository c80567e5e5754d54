"""The Open Inference Protocol over gRPC: Triton's own clients, unchanged, against the real service."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from serve_app.grpc.protocol import open_inference_pb2
from tests.clients.environment import Clients
from tests.e2e.grpc_server import running_grpc
from tests.e2e.normalising import MODEL
from tests.e2e.serving import API_KEY, ROOT, RunningService
from tests.e2e.triton import describe_photos, expect_same_classes, run_perf_analyzer, run_script

pytestmark = pytest.mark.timeout(300)

SCRIPT = ROOT / "tests" / "clients" / "scripts" / "triton_grpc.py"
DOCUMENT = (ROOT / "docs" / "open-inference-grpc.md").read_text()
SAMPLES = re.findall(r"```(sh|python)\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture(scope="module")
def addresses(real_service: RunningService) -> Iterator[dict[str, str]]:
    """Where gRPC is offered, in front of three of the real service's applications."""
    urls = {"main": real_service.url, "keyed": real_service.keyed_url, "hurried": real_service.hurried_url}
    with ExitStack() as stack:
        yield {name: stack.enter_context(running_grpc(url)) for name, url in urls.items()}


@pytest.fixture(scope="module")
def seen(
    real_service: RunningService,
    clients: Clients,
    addresses: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What tritonclient made of everything that the script asks for."""
    photos = describe_photos(real_service, tmp_path_factory.mktemp("tensors"))
    argument = {"addresses": addresses, "key": API_KEY, **photos}
    found: dict[str, Any] = clients.run(SCRIPT, argument, timeout_s=120)
    return found


def test_the_same_photo_has_the_same_top_5_in_every_form(real_service: RunningService, seen: dict[str, Any]) -> None:
    """Image files and FP32 tensors, as bytes, as values and packed: as /v1/classify answers."""
    assert len(seen["classes"]) == 5
    expect_same_classes(real_service, seen["classes"])


def test_tritonclient_reads_all_that_the_service_says_of_itself(seen: dict[str, Any]) -> None:
    """Health, metadata, configuration, index and statistics."""
    assert (seen["live"], seen["ready"], seen["model ready"], seen["nobody ready"]) == (True, True, [True, True], False)
    assert "statistics" in seen["server"]["extensions"]
    image, tensor = seen["metadata"]
    assert image["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": ["-1", "1"]}]
    assert tensor["inputs"] == [{"name": "input", "datatype": "FP32", "shape": ["-1", "3", "224", "224"]}]
    assert seen["config"]["input"][0]["format"] == "FORMAT_NCHW"
    assert seen["config"]["max_batch_size"] > 1
    assert "dynamic_batching" in seen["config"]
    assert {MODEL, f"{MODEL}_tensor"} < {entry["name"] for entry in seen["index"]}
    (counts,) = seen["statistics"]["model_stats"]
    assert int(counts["inference_stats"]["success"]["count"]) > 0
    assert len(seen["all statistics"]["model_stats"]) == len(seen["index"])


def test_tritonclient_gets_scores_and_ids(seen: dict[str, Any]) -> None:
    """All scores of a photo, and the id that the request had."""
    (scores,) = seen["scores"]
    assert len(scores) == 1000
    assert sum(scores) == pytest.approx(1, abs=1e-3)
    assert seen["id"] == "seven"


def test_a_stream_answers_each_request_in_its_place(seen: dict[str, Any]) -> None:
    """One that fails has its error where its answer would be, and the stream goes on."""
    first, second, third = seen["stream"]
    assert (first, third) == ("0", "2")
    assert "'nobody'" in second


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("nobody", "NOT_FOUND", "'nobody'"),
        ("damaged", "INVALID_ARGUMENT", "not an image"),
        ("late", "DEADLINE_EXCEEDED", ""),  # the words are those of whichever end notices first
        ("hurried", "DEADLINE_EXCEEDED", "Try again later"),
        ("no key", "UNAUTHENTICATED", "Send an API key"),
        ("wrong key", "UNAUTHENTICATED", "not known"),
        ("too often", "RESOURCE_EXHAUSTED", "Slow down"),
    ],
)
def test_each_error_has_its_status_and_the_services_words(
    seen: dict[str, Any], error: str, status: str, said: str
) -> None:
    """The client raises the status that says what to do next."""
    found, message = seen["errors"][error]
    assert found == f"StatusCode.{status}"
    assert said in message


def test_the_messages_are_those_of_triton(seen: dict[str, Any]) -> None:
    """Each field, value and call that is spoken here has the number and the type that tritonclient gives it."""
    theirs, file = seen["messages"], open_inference_pb2.DESCRIPTOR
    waiting, enums = list(file.message_types_by_name.values()), list(file.enum_types_by_name.values())
    while waiting:
        message = waiting.pop()
        waiting += message.nested_types
        enums += message.enum_types
        for one in message.fields:
            assert theirs["fields"][one.full_name] == [one.number, one.type, one.is_repeated]
    for enum in enums:
        assert {value.name: value.number for value in enum.values} == theirs["enums"][enum.full_name]
    for method in file.services_by_name["GRPCInferenceService"].methods:
        assert theirs["calls"][method.full_name] == [method.input_type.full_name, method.output_type.full_name]


@pytest.mark.parametrize("sample", [code for _, code in SAMPLES if "perf_analyzer" in code])
def test_perf_analyzer_finishes_the_document_s_runs(
    clients: Clients, addresses: dict[str, str], tmp_path: Path, sample: str
) -> None:
    """It finds the model, sends requests and reads the server's statistics of them; with small windows."""
    run_perf_analyzer(clients, sample.replace("127.0.0.1:8001", addresses["main"]), tmp_path)


def test_the_document_s_script_runs(clients: Clients, addresses: dict[str, str]) -> None:
    """With tritonclient and nothing of ours, and what it prints is what is shown."""
    ((_, sample),) = [(language, code) for language, code in SAMPLES if language == "python"]
    shown = re.search(r"```text\n(.*?)```", DOCUMENT, re.DOTALL)
    assert shown
    printed = run_script(clients, sample.replace("127.0.0.1:8001", addresses["main"]))
    labels = re.compile(r"\d:(\d+):(.+)")
    assert labels.findall(printed) == labels.findall(shown[1])
