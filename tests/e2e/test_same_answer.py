"""One photo, every protocol: the same five labels with the same scores. A new protocol adds its row to PROTOCOLS."""

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import httpx
import pytest

from serve_app.grpc.protocol import open_inference_pb2 as messages
from tests.e2e.grpc_server import running_grpc
from tests.e2e.normalising import MODEL, normalise_photos
from tests.e2e.serving import RunningService
from tests.photos import example

pytestmark = pytest.mark.timeout(300)

Answer = list[tuple[str, float]]
"""The five best labels and their scores, best first."""

Ask = Callable[[str, str], Answer]
"""(the service's url, or its address for gRPC; a bundled photo's name) -> what a client of the protocol reads."""

_RAW_TENSOR = {"Inference-Header-Content-Length": "0"}


def post(url: str, **request: Any) -> Any:
    answer = httpx.post(url, timeout=30, **request)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask_argus(url: str, photo: str) -> Answer:
    (result,) = post(f"{url}/v1/classify", content=example(photo))["results"]
    return [(one["label"], one["score"]) for one in result["predictions"]]


def ask_with_base64(url: str, photo: str) -> Answer:
    (result,) = post(f"{url}/v1/classify", json={"images": [base64.b64encode(example(photo)).decode()]})["results"]
    return [(one["label"], one["score"]) for one in result["predictions"]]


def ask_hugging_face(url: str, photo: str) -> Answer:
    return [(one["label"], one["score"]) for one in post(f"{url}/huggingface", content=example(photo))]


def ask_hugging_face_with_base64(url: str, photo: str) -> Answer:
    inputs = {"inputs": base64.b64encode(example(photo)).decode(), "parameters": {"top_k": 5}}
    return [(one["label"], one["score"]) for one in post(f"{url}/huggingface/{MODEL}", json=inputs)]


def ask_torchserve(url: str, photo: str) -> Answer:
    return list(post(f"{url}/predictions/{MODEL}", content=example(photo)).items())


def ask_torchserve_with_a_form(url: str, photo: str) -> Answer:
    return list(post(f"{url}/predictions/{MODEL}/1.0", files={"data": example(photo)}).items())


def ask_course(url: str, photo: str) -> Answer:
    answer = post(f"{url}/classify/", files={"file": example(photo)})
    labels = httpx.get(f"{url}/v1/models/{MODEL}/labels", timeout=30).json()["labels"]
    ranked = sorted(zip(labels, answer["probabilities"], strict=True), key=lambda one: -one[1])
    assert ranked[0][0] == answer["prediction"]
    return ranked[:5]


def ask_open_inference(url: str, photo: str) -> Answer:
    image = {"name": "image", "datatype": "BYTES", "shape": [1, 1]}
    return _infer(f"{url}/v2/models/{MODEL}", {**image, "data": [base64.b64encode(example(photo)).decode()]})


def ask_open_inference_with_a_tensor(url: str, photo: str) -> Answer:
    tensor = normalise_photos(url, [photo])
    described = {"name": "input", "datatype": "FP32", "shape": list(tensor.shape), "data": tensor.ravel().tolist()}
    return _infer(f"{url}/v2/models/{MODEL}_tensor", described)


def ask_open_inference_over_grpc(address: str, photo: str) -> Answer:
    request = messages.ModelInferRequest(model_name=MODEL)
    request.inputs.add(name="image", datatype="BYTES", shape=[1, 1]).contents.bytes_contents.append(example(photo))
    request.outputs.add(name="scores").parameters["classification"].int64_param = 5
    with grpc.insecure_channel(address) as channel:
        infer = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=messages.ModelInferRequest.SerializeToString,
            response_deserializer=messages.ModelInferResponse.FromString,
        )
        (packed,) = infer(request, timeout=30).raw_output_contents
    return _read_rows(_unpack_texts(packed))


def _unpack_texts(packed: bytes) -> Iterator[str]:
    while packed:
        end = 4 + int.from_bytes(packed[:4], "little")
        yield packed[4:end].decode()
        packed = packed[end:]


def _infer(model: str, tensor: dict[str, Any]) -> Answer:
    outputs = [{"name": "scores", "parameters": {"classification": 5}}]
    (output,) = post(f"{model}/infer", json={"inputs": [tensor], "outputs": outputs})["outputs"]
    return _read_rows(output["data"])


def _read_rows(texts: Iterable[str]) -> Answer:
    rows = [text.split(":", 2) for text in texts]
    return [(label, float(score)) for score, _, label in rows]


GRPC = "Open Inference Protocol, gRPC"


PROTOCOLS: dict[str, Ask] = {
    "/v1, base64": ask_with_base64,
    "Hugging Face": ask_hugging_face,
    "Hugging Face, base64": ask_hugging_face_with_base64,
    "TorchServe": ask_torchserve,
    "TorchServe, form": ask_torchserve_with_a_form,
    "MLOps course": ask_course,
    "Open Inference Protocol, image": ask_open_inference,
    "Open Inference Protocol, FP32 tensor": ask_open_inference_with_a_tensor,
    GRPC: ask_open_inference_over_grpc,
}


@pytest.fixture(scope="module")
def grpc_addresses(real_service: RunningService) -> Iterator[dict[str, str]]:
    """Where gRPC is offered in front of both topologies, by the url of each."""
    with ExitStack() as stack:
        yield {url: stack.enter_context(running_grpc(url)) for url in (real_service.url, real_service.split_url)}


@pytest.mark.parametrize("topology", ["fused", "split"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_same_photo_has_the_same_top_5(
    real_service: RunningService, grpc_addresses: dict[str, str], protocol: str, topology: str
) -> None:
    """As /v1/classify answers, in both topologies."""
    url = real_service.url if topology == "fused" else real_service.split_url
    for photo in ("cat", "coffee", "rocket"):
        address = grpc_addresses[url] if protocol == GRPC else url
        expected, answer = ask_argus(url, photo), PROTOCOLS[protocol](address, photo)
        assert [label for label, _ in answer] == [label for label, _ in expected]
        assert [score for _, score in answer] == pytest.approx([score for _, score in expected], abs=1e-3)
