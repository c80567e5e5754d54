"""The Open Inference Protocol over gRPC: third-party clients, unchanged, against the real service."""

import base64
import csv
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve_app.grpc.protocol import open_inference_pb2
from tests.clients.environment import Clients
from tests.e2e.grpc_server import running_grpc
from tests.e2e.serving import API_KEY, TORCHVISION_MODEL, RunningService

pytestmark = pytest.mark.timeout(240)

SCRIPT = ROOT / "tests" / "clients" / "scripts" / "triton_grpc.py"
MODEL = "efficientnet_lite0"

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def address(real_service: RunningService) -> Iterator[str]:
    """Where gRPC is offered in front of the real service."""
    with running_grpc(real_service.url) as one:
        yield one


@pytest.fixture
def ask(clients: Clients, address: str, photo: str) -> Ask:
    """Asks the service with tritonclient: the name of what to do, and what it needs."""

    def run(name: str, **argument: Any) -> Any:
        return clients.run(SCRIPT, {"address": address, "ask": name, "model": MODEL, "photo": photo, **argument})

    return run


@pytest.fixture
def photo(examples: Path) -> str:
    """A photo, as the scripts take it."""
    return base64.b64encode((examples / "cat.jpg").read_bytes()).decode()


def test_server_and_model_describe_themselves(ask: Ask) -> None:
    """Liveness, readiness, metadata, configuration, statistics and index are what tritonclient understands."""
    told = ask("describe")
    assert (told["live"], told["ready"], told["model_ready"], told["unknown_ready"]) == (True, True, True, False)
    assert told["server"]["name"] == "argus"
    assert "classification" in told["server"]["extensions"]
    assert told["metadata"]["inputs"][0]["datatype"] == "BYTES"
    assert told["metadata"]["outputs"][0]["shape"] == ["-1", "1000"]
    assert told["config"]["max_batch_size"] >= 1
    assert told["config"]["input"][0]["data_type"] == "TYPE_STRING"
    assert [one["name"] for one in told["statistics"]] == [MODEL]
    assert {MODEL, f"{MODEL}_tensor", TORCHVISION_MODEL} <= set(told["index"])


def test_a_photo_gets_the_answer_that_it_gets_over_http(
    ask: Ask, real_service: RunningService, examples: Path
) -> None:
    """The classification extension names the same five classes as the service's own API, with the same scores."""
    answer = httpx.post(f"{real_service.url}/v1/classify", content=(examples / "cat.jpg").read_bytes(), timeout=30)
    expected = [
        (p["class_id"], p["label"], pytest.approx(p["score"], abs=2e-6))
        for p in answer.json()["results"][0]["predictions"]
    ]
    told = ask("classify", classes=5, timeout_s=30)
    parts = [text.split(":", 2) for text in told["classes"]]
    assert [(int(class_id), label, float(score)) for score, class_id, label in parts] == expected
    assert told["id"] == "42"
    assert told["shape"] == [1, 1000]
    assert told["top"] == expected[0][0]
    assert told["sum"] == pytest.approx(1, abs=1e-4)


def test_a_stream_answers_each_request_in_its_place(ask: Ask) -> None:
    """One that fails has its error where its answer would be, and the stream goes on."""
    first, second, third = ask("stream")
    assert (first, third) == ("0", "2")
    assert "'unknown'" in second


@pytest.mark.parametrize(
    ("argument", "status", "said"),
    [
        ({"model": "unknown"}, "StatusCode.NOT_FOUND", "'unknown'"),
        ({"photo": base64.b64encode(b"no photo").decode()}, "StatusCode.INVALID_ARGUMENT", "format"),
        ({"timeout_s": 1e-4}, "StatusCode.DEADLINE_EXCEEDED", "Deadline Exceeded"),
    ],
    ids=["model", "image", "deadline"],
)
def test_a_request_at_fault_has_its_own_status(ask: Ask, argument: dict[str, Any], status: str, said: str) -> None:
    """tritonclient raises the status that says what to do, with the service's words."""
    error = ask("fail", **argument)
    assert error["status"] == status
    assert said in error["message"]


def test_keys_are_asked_for(ask: Ask, real_service: RunningService) -> None:
    """Without a key the status is UNAUTHENTICATED; with one in the call's metadata the rate limit is next."""
    with running_grpc(real_service.keyed_url) as keyed:
        assert ask("fail", address=keyed)["status"] == "StatusCode.UNAUTHENTICATED"
        wrong = ask("fail", address=keyed, headers={"authorization": "Bearer wrong"})
        assert wrong["status"] == "StatusCode.UNAUTHENTICATED"
        limited = ask("exhaust", address=keyed, headers={"authorization": f"Bearer {API_KEY}"})
    assert limited["status"] == "StatusCode.RESOURCE_EXHAUSTED"
    assert "Slow down" in limited["message"]


def test_a_deadline_that_the_service_cannot_keep_is_exceeded(ask: Ask, real_service: RunningService) -> None:
    """The service's own deadline has the same status as the client's."""
    with running_grpc(real_service.hurried_url) as hurried:
        assert ask("fail", address=hurried)["status"] == "StatusCode.DEADLINE_EXCEEDED"


def test_the_messages_are_those_of_triton(ask: Ask) -> None:
    """Each field, value and call that is spoken here has the number and type that it has in tritonclient's messages."""
    theirs = ask("messages")
    file = open_inference_pb2.DESCRIPTOR
    waiting, fields, enums = list(file.message_types_by_name.values()), {}, list(file.enum_types_by_name.values())
    while waiting:
        message = waiting.pop()
        waiting += message.nested_types
        enums += message.enum_types
        for one in message.fields:
            fields[one.full_name] = [one.number, one.type, bool(one.is_repeated)]
    assert fields.items() <= theirs["fields"].items()
    for enum in enums:
        assert {value.name: value.number for value in enum.values} == theirs["enums"][enum.full_name]
    for method in file.services_by_name["GRPCInferenceService"].methods:
        assert theirs["calls"][method.full_name] == [method.input_type.full_name, method.output_type.full_name]


def test_perf_analyzer_finishes_a_run(clients: Clients, address: str, examples: Path, tmp_path: Path) -> None:
    """Triton's load generator measures the encoded view over gRPC, with a photo, and nothing fails."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "image").write_bytes((examples / "cat.jpg").read_bytes())
    report = tmp_path / "report.csv"
    done = subprocess.run(
        [
            *clients.perf_analyzer,
            *("-m", MODEL, "-i", "grpc", "-u", address, "-b", "1", "--input-data", str(data)),
            *("--concurrency-range", "2", "--measurement-mode", "count_windows", "--measurement-request-count", "20"),
            *("--stability-percentage", "999", "--max-trials", "3", "-f", str(report)),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Throughput: [1-9]", done.stdout), done.stdout
    with report.open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["Inferences/Second"]) > 0
    assert "Failed" not in done.stdout
