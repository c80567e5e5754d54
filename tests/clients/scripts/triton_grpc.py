"""Run in the clients' environment: what the unchanged `tritonclient.grpc` makes of the service, as JSON.

Argument: {"address": host:port, "ask": the name of a function here, ...}; see each for the rest.
"""

import base64
import json
import sys
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import model_config_pb2, service_pb2
from tritonclient.utils import InferenceServerException


def describe(client: triton.InferenceServerClient, model: str, **_: Any) -> Any:
    """Everything that can be asked of the server and of one model."""
    index = client.get_model_repository_index(as_json=True)["models"]
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(model),
        "unknown_ready": client.is_model_ready("unknown"),
        "server": client.get_server_metadata(as_json=True),
        "metadata": client.get_model_metadata(model, as_json=True),
        "config": client.get_model_config(model, as_json=True)["config"],
        "statistics": client.get_inference_statistics(model, as_json=True)["model_stats"],
        "index": [entry["name"] for entry in index],
    }


def classify(
    client: triton.InferenceServerClient,
    model: str,
    photo: str,
    classes: int,
    headers: dict[str, str] | None = None,
    timeout_s: float | None = None,
    **_: Any,
) -> Any:
    """The best classes of a photo (base64) by the classification extension, and its plain scores' best."""
    data = base64.b64decode(photo)
    metadata = client.get_model_metadata(model)
    given = triton.InferInput(metadata.inputs[0].name, [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[data]], dtype=np.object_))
    name = metadata.outputs[0].name
    best = client.infer(
        model,
        [given],
        outputs=[triton.InferRequestedOutput(name, class_count=classes)],
        request_id="42",
        headers=headers,
        client_timeout=timeout_s,
    )
    plain = client.infer(model, [given], headers=headers)
    scores = plain.as_numpy(name)
    return {
        "id": best.get_response().id,
        "classes": [text.decode() for text in best.as_numpy(name).reshape(-1)],
        "shape": list(scores.shape),
        "top": int(scores.argmax()),
        "sum": float(scores.sum()),
    }


def classify_tensor(client: triton.InferenceServerClient, model: str, tensor: str, shape: list[int], **_: Any) -> Any:
    """The best class of a preprocessed photo: raw float32 in base64."""
    metadata = client.get_model_metadata(model)
    given = triton.InferInput(metadata.inputs[0].name, shape, "FP32")
    given.set_data_from_numpy(np.frombuffer(base64.b64decode(tensor), np.float32).reshape(shape))
    scores = client.infer(model, [given]).as_numpy(metadata.outputs[0].name)
    return {"shape": list(scores.shape), "top": int(scores.argmax())}


def fail(
    client: triton.InferenceServerClient, model: str, photo: str, headers: dict[str, str] | None = None, **more: Any
) -> Any:
    """The status and the message of an inference that has to fail."""
    given = triton.InferInput("image", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[base64.b64decode(photo)]], dtype=np.object_))
    try:
        client.infer(model, [given], headers=headers, client_timeout=more.get("timeout_s"))
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    raise AssertionError("it did not fail")


def exhaust(client: triton.InferenceServerClient, **argument: Any) -> Any:
    """What the first of twenty inferences that fails says; some before it may succeed."""
    for _ in range(20):
        try:
            return fail(client, **argument)
        except AssertionError:
            continue
    raise AssertionError("none failed")


def stream(client: triton.InferenceServerClient, model: str, photo: str, **_: Any) -> Any:
    """The ids of answers to three requests in one stream, or their errors; the second names no model."""
    answers: list[Any] = []
    given = triton.InferInput("image", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[base64.b64decode(photo)]], dtype=np.object_))
    client.start_stream(
        lambda result, error: answers.append(str(error.message()) if error else result.get_response().id)
    )
    for number, name in enumerate((model, "unknown", model)):
        client.async_stream_infer(name, [given], request_id=str(number))
    client.stop_stream()
    return answers


def messages(client: triton.InferenceServerClient, **_: Any) -> Any:
    """Every field of its messages: number, type and whether there may be many; and every call with its messages."""
    fields, enums, calls = {}, {}, {}
    for file in (service_pb2.DESCRIPTOR, model_config_pb2.DESCRIPTOR):
        waiting = list(file.message_types_by_name.values())
        enums.update({enum.full_name: dict(_values(enum)) for enum in file.enum_types_by_name.values()})
        while waiting:
            message = waiting.pop()
            waiting += message.nested_types
            enums.update({enum.full_name: dict(_values(enum)) for enum in message.enum_types})
            for field in message.fields:
                fields[field.full_name] = [field.number, field.type, bool(field.is_repeated)]
        for service in file.services_by_name.values():
            for method in service.methods:
                calls[method.full_name] = [method.input_type.full_name, method.output_type.full_name]
    return {"fields": fields, "enums": enums, "calls": calls}


def _values(enum: Any) -> list[tuple[str, int]]:
    return [(value.name, value.number) for value in enum.values]


def main() -> None:
    """Do what is asked."""
    asked = json.load(sys.stdin)
    ask = {one.__name__: one for one in (describe, classify, classify_tensor, fail, exhaust, stream, messages)}[asked.pop("ask")]
    client = triton.InferenceServerClient(asked.pop("address"))
    try:
        json.dump(ask(client, **asked), sys.stdout)
    finally:
        client.close()


if __name__ == "__main__":
    main()
