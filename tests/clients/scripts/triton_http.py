"""Drives tritonclient over HTTP, in the environment of the clients; see `tests/e2e/test_open_inference.py`.

In: {"url", "model", "photos": [path], "tensors": path of an .npy file}. Out: what the client made of the answers.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.http as triton
from triton_waiting import wait_until_counted
from tritonclient.utils import InferenceServerException


def ask_for_classes(client: Any, model: str, values: Any, datatype: str, *, binary: bool, **more: Any) -> Any:
    """The best five classes of each row, as the client reads them."""
    tensor = triton.InferInput("image" if datatype == "BYTES" else "input", values.shape, datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    best = triton.InferRequestedOutput("scores", binary_data=binary, class_count=5)
    answer = client.infer(model, [tensor], outputs=[best], **more)
    rows = answer.as_numpy("scores").tolist()
    return [[text.decode() if isinstance(text, bytes) else text for text in row] for row in rows]


def main() -> None:
    argument = json.load(sys.stdin)
    client = triton.InferenceServerClient(argument["url"])
    model = argument["model"]
    files = [Path(path).read_bytes() for path in argument["photos"]]
    photos = np.array([[data] for data in files], dtype=object)
    texts = np.array([[base64.b64encode(data)] for data in files], dtype=object)
    planes = np.load(argument["tensors"])

    classes = {
        "binary": ask_for_classes(client, model, photos, "BYTES", binary=True),
        "JSON": ask_for_classes(client, model, texts, "BYTES", binary=False),
        "tensor in binary": ask_for_classes(client, f"{model}_tensor", planes, "FP32", binary=True),
        "tensor in JSON": ask_for_classes(client, f"{model}_tensor", planes, "FP32", binary=False),
    }
    for coding in ("gzip", "deflate"):
        packed = {"request_compression_algorithm": coding, "response_compression_algorithm": coding}
        for binary, values in ((True, photos), (False, texts)):
            name = f"{'binary' if binary else 'JSON'} in {coding}"
            classes[name] = ask_for_classes(client, model, values, "BYTES", binary=binary, **packed)

    image = triton.InferInput("image", [1, 1], "BYTES")
    image.set_data_from_numpy(photos[:1])
    answer = client.infer(model, [image], request_id="seven", model_version="1", timeout=30_000_000)
    later = client.async_infer(model, [image]).get_result()

    def fail(ask: Any) -> list[str]:
        try:
            ask()
        except InferenceServerException as error:
            return [str(error.status()), str(error.message())]
        raise AssertionError("no error")

    damaged = triton.InferInput("image", [1, 1], "BYTES")
    damaged.set_data_from_numpy(np.array([[b"nonsense"]], dtype=object))
    result = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": [client.is_model_ready(model), client.is_model_ready(f"{model}_tensor", "1")],
        "nobody ready": client.is_model_ready("nobody"),
        "server": client.get_server_metadata(),
        "metadata": [client.get_model_metadata(name) for name in (model, f"{model}_tensor")],
        "config": client.get_model_config(f"{model}_tensor"),
        "index": client.get_model_repository_index(),
        "statistics": wait_until_counted(lambda: client.get_inference_statistics(model)),
        "all statistics": client.get_inference_statistics(),
        "classes": classes,
        "id": answer.get_response()["id"],
        "scores": answer.as_numpy("scores").tolist(),
        "asynchronous": later.as_numpy("scores").tolist(),
        "nobody": fail(lambda: client.infer("nobody", [image])),
        "damaged": fail(lambda: client.infer(model, [damaged])),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
