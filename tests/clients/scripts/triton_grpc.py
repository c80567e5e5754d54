"""Drives tritonclient over gRPC, in the environment of the clients; see `tests/e2e/test_grpc.py`.

In: {"addresses": {main, keyed, hurried}, "key", "model", "photos": [path], "tensors": path of an .npy file}.
Out: what the client made of the answers.
"""

import json
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tritonclient.grpc as triton
from triton_waiting import wait_until_counted
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException


def main() -> None:
    argument = json.load(sys.stdin)
    addresses, model = argument["addresses"], argument["model"]
    client = triton.InferenceServerClient(addresses["main"])
    photos = np.array([[Path(path).read_bytes()] for path in argument["photos"]], dtype=object)
    planes = np.load(argument["tensors"])
    image = make_input("image", photos[:1], "BYTES")
    answer = client.infer(model, [image], request_id="seven", model_version="1", timeout=30_000_000, client_timeout=30)
    key = {"authorization": f"Bearer {argument['key']}"}
    result = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": [client.is_model_ready(model), client.is_model_ready(f"{model}_tensor", "1")],
        "nobody ready": client.is_model_ready("nobody"),
        "server": client.get_server_metadata(as_json=True),
        "metadata": [client.get_model_metadata(name, as_json=True) for name in (model, f"{model}_tensor")],
        "config": client.get_model_config(f"{model}_tensor", as_json=True)["config"],
        "index": client.get_model_repository_index(as_json=True)["models"],
        "statistics": wait_until_counted(lambda: client.get_inference_statistics(model, as_json=True)),
        "all statistics": client.get_inference_statistics(as_json=True),
        "classes": {
            "raw": ask_for_classes(client, model, make_input("image", photos, "BYTES")),
            "tensor": ask_for_classes(client, f"{model}_tensor", make_input("input", planes, "FP32")),
            "packed": ask_for_classes(
                client, model, make_input("image", photos, "BYTES"), compression_algorithm="gzip"
            ),
            "contents": ask_with_contents(addresses["main"], model, photos),
            "tensor in contents": ask_with_contents(addresses["main"], f"{model}_tensor", planes),
        },
        "id": answer.get_response().id,
        "scores": answer.as_numpy("scores").tolist(),
        "stream": stream(client, model, image),
        "errors": {
            "nobody": fail(client, "nobody", image),
            "damaged": fail(client, model, make_input("image", np.array([[b"nonsense"]], dtype=object), "BYTES")),
            "late": fail(client, model, image, client_timeout=1e-4),
            "hurried": fail(triton.InferenceServerClient(addresses["hurried"]), model, image),
            "no key": fail(triton.InferenceServerClient(addresses["keyed"]), model, image),
            "wrong key": fail(
                triton.InferenceServerClient(addresses["keyed"]), model, image, headers={"x-api-key": "wrong"}
            ),
            "too often": fail(triton.InferenceServerClient(addresses["keyed"]), model, image, attempts=20, headers=key),
        },
        "messages": describe_messages(),
    }
    json.dump(result, sys.stdout)


def make_input(name: str, values: Any, datatype: str) -> Any:
    tensor = triton.InferInput(name, values.shape, datatype)
    tensor.set_data_from_numpy(values)
    return tensor


def ask_for_classes(client: Any, model: str, tensor: Any, **more: Any) -> Any:
    """The best five classes of each row, as the client reads them."""
    best = triton.InferRequestedOutput("scores", class_count=5)
    rows = client.infer(model, [tensor], outputs=[best], **more).as_numpy("scores")
    return [[text.decode() for text in row] for row in rows]


def ask_with_contents(address: str, model: str, values: Any) -> Any:
    """The same with values in place of bytes, as KServe's examples send them; tritonclient itself never does."""
    request = service_pb2.ModelInferRequest(model_name=model)
    if values.dtype == object:
        tensor = request.inputs.add(name="image", datatype="BYTES", shape=values.shape)
        tensor.contents.bytes_contents.extend(values.reshape(-1).tolist())
    else:
        tensor = request.inputs.add(name="input", datatype="FP32", shape=values.shape)
        tensor.contents.fp32_contents.extend(values.reshape(-1).tolist())
    request.outputs.add(name="scores").parameters["classification"].int64_param = 5
    with grpc.insecure_channel(address) as channel:
        answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)
    return [[text.decode() for text in row] for row in triton.InferResult(answer).as_numpy("scores")]


def stream(client: Any, model: str, image: Any) -> list[str]:
    """The ids of the answers to three requests in one stream, or their errors; the second names no model."""
    answers: list[str] = []
    client.start_stream(lambda result, error: answers.append(str(error) if error else result.get_response().id))
    for number, name in enumerate((model, "nobody", model)):
        client.async_stream_infer(name, [image], request_id=str(number))
    client.stop_stream()
    return answers


def fail(client: Any, model: str, tensor: Any, *, attempts: int = 1, **more: Any) -> list[str]:
    """The status and the words of the first of so many inferences that fails."""
    for _ in range(attempts):
        try:
            client.infer(model, [tensor], **more)
        except InferenceServerException as error:
            return [str(error.status()), str(error.message())]
    raise AssertionError("no error")


def describe_messages() -> Any:
    """Each field's number, type and whether there may be many of it; each enumeration; each call's messages."""
    fields, enums, calls = {}, {}, {}
    for file in (service_pb2.DESCRIPTOR, model_config_pb2.DESCRIPTOR):
        waiting, found = list(file.message_types_by_name.values()), list(file.enum_types_by_name.values())
        while waiting:
            message = waiting.pop()
            waiting += message.nested_types
            found += message.enum_types
            for field in message.fields:
                fields[field.full_name] = [field.number, field.type, field.is_repeated]
        enums.update({enum.full_name: {value.name: value.number for value in enum.values} for enum in found})
        for service in file.services_by_name.values():
            for method in service.methods:
                calls[method.full_name] = [method.input_type.full_name, method.output_type.full_name]
    return {"fields": fields, "enums": enums, "calls": calls}


if __name__ == "__main__":
    main()
