"""The Open Inference Protocol over the HTTP application in process: every route, JSON and binary tensors both ways."""

import base64
import gzip
import json
import zlib
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from serve_app.http.app import create_app
from serve_app.open_inference.tensors import pack_values
from serve_app.settings import Settings
from serve_app.status import OwnStatus
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.leaving import send_and_leave
from tests.photos import encode
from tests.scraping import parse_metrics

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "PNG")
PLANES = np.array([np.full((28, 28, 3), (250, 10, 10)).transpose(2, 0, 1)], np.float32) / 255
INFER = "/v2/models/colors/infer"
TENSOR_INFER = "/v2/models/colors_tensor/infer"
LENGTH = "Inference-Header-Content-Length"


def ask(*images: bytes, **more: Any) -> dict[str, Any]:
    data = [base64.b64encode(image).decode() for image in images]
    return {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [len(images), 1], "data": data}]} | more


def ask_in_binary(*images: bytes, **more: Any) -> tuple[bytes, dict[str, str]]:
    """The body, and the header that says where its JSON ends."""
    packed = pack_values(images)
    document = ask(*images, **more)
    del document["inputs"][0]["data"]
    document["inputs"][0]["parameters"] = {"binary_data_size": len(packed)}
    header = json.dumps(document).encode()
    return header + packed, {LENGTH: str(len(header))}


def read_binary(answer: httpx.Response) -> tuple[dict[str, Any], bytes]:
    """The JSON of an answer with binary tensors, and what follows it."""
    assert answer.headers["Content-Type"] == "application/octet-stream"
    length = int(answer.headers[LENGTH])
    return json.loads(answer.content[:length]), answer.content[length:]


async def test_what_the_service_says_of_itself(client: httpx.AsyncClient) -> None:
    """Server, health and the models, each with 200."""
    server = (await client.get("/v2")).json()
    assert server["name"] == "argus"
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}
    index = (await client.post("/v2/repository/index")).json()
    assert [(entry["name"], entry["state"]) for entry in index] == [("colors", "READY"), ("colors_tensor", "READY")]


@pytest.mark.parametrize("version", ["", "/versions/1"])
async def test_what_a_model_says_of_itself(client: httpx.AsyncClient, version: str) -> None:
    """With its version and without."""
    path = f"/v2/models/colors{version}"
    assert (await client.get(path)).json() == {
        "name": "colors",
        "versions": ["1"],
        "platform": "fake",
        "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1, 1]}],
        "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 3]}],
    }
    assert (await client.get(f"{path}/ready")).json() == {"name": "colors", "ready": True}
    assert (await client.get(f"{path}/config")).json()["max_batch_size"] == 32
    assert (await client.post(f"{path}/infer", json=ask(RED))).json()["model_version"] == "1"
    (statistics,) = (await client.get(f"{path}/stats")).json()["model_stats"]
    assert statistics["inference_stats"]["success"]["count"] == 1


async def test_json_in_and_out(client: httpx.AsyncClient) -> None:
    """Base64 goes in, flat data comes out, and the id comes back."""
    answer = await client.post(INFER, json=ask(RED, BLUE, id="seven"))
    assert answer.headers["Content-Type"] == "application/json"
    assert LENGTH not in answer.headers
    document = answer.json()
    assert (document["id"], document["model_name"]) == ("seven", "colors")
    (scores,) = document["outputs"]
    assert (scores["name"], scores["datatype"], scores["shape"]) == ("scores", "FP32", [2, 3])
    assert np.array(scores["data"]).reshape(2, 3).argmax(axis=1).tolist() == [0, 2]


async def test_binary_in_and_out(client: httpx.AsyncClient) -> None:
    """The same scores, as bytes behind the JSON."""
    body, headers = ask_in_binary(RED, BLUE, parameters={"binary_data_output": True})
    document, binary = read_binary(await client.post(INFER, content=body, headers=headers))
    assert document["outputs"][0]["parameters"] == {"binary_data_size": 24} == {"binary_data_size": len(binary)}
    plain = (await client.post(INFER, json=ask(RED, BLUE))).json()["outputs"][0]["data"]
    assert np.frombuffer(binary, "<f4").tolist() == np.array(plain, np.float32).tolist()


async def test_one_output_in_json_and_one_in_binary(client: httpx.AsyncClient) -> None:
    """As each of them asks."""
    outputs = [
        {"name": "logits", "parameters": {"binary_data": True}},
        {"name": "scores", "parameters": {"classification": 2}},
    ]
    document, binary = read_binary(await client.post(INFER, json=ask(RED, outputs=outputs)))
    assert np.frombuffer(binary, "<f4").tolist() == [250, 10, 10]
    assert document["outputs"][1]["data"] == ["1.000000:0:red", "0.000000:1:green"]


async def test_the_tensor_view_answers_the_photo_s_scores(client: httpx.AsyncClient) -> None:
    """In JSON, in binary and as a raw body."""
    photo = (await client.post(INFER, json=ask(RED))).json()["outputs"]
    tensor = {"name": "input", "datatype": "FP32", "shape": list(PLANES.shape), "data": PLANES.tolist()}
    assert (await client.post(TENSOR_INFER, json={"inputs": [tensor]})).json()["outputs"] == photo
    raw = await client.post(TENSOR_INFER, content=PLANES.tobytes(), headers={LENGTH: "0"})
    document, binary = read_binary(raw)
    assert document["model_name"] == "colors_tensor"
    assert np.frombuffer(binary, "<f4").tolist() == np.array(photo[0]["data"], np.float32).tolist()


async def test_a_raw_body_is_one_photo(client: httpx.AsyncClient) -> None:
    """Header length 0: no JSON goes in, and the scores come out as binary."""
    document, binary = read_binary(await client.post(INFER, content=RED, headers={LENGTH: "0"}))
    assert document["outputs"][0]["shape"] == [1, 3]
    assert np.frombuffer(binary, "<f4").argmax() == 0


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)], ids=["gzip", "deflate"]
)
async def test_bodies_may_be_packed_both_ways(client: httpx.AsyncClient, coding: str, pack: Any) -> None:
    """The length of the JSON is that of the plain body; httpx unpacks the answer as its header says."""
    body, headers = ask_in_binary(RED, parameters={"binary_data_output": True})
    packed = await client.post(
        INFER, content=pack(body), headers={**headers, "Content-Encoding": coding, "Accept-Encoding": coding}
    )
    assert packed.headers["Content-Encoding"] == coding
    plain = await client.post(INFER, content=body, headers={**headers, "Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert read_binary(packed) == read_binary(plain)


@pytest.mark.parametrize(
    ("method", "path", "arguments", "status"),
    [
        ("GET", "/v2/nowhere", {}, 404),
        ("GET", "/v2/models/nobody", {}, 404),
        ("GET", "/v2/models/colors/versions/2", {}, 404),
        ("GET", "/v2/models/nobody/config", {}, 404),
        ("GET", "/v2/models/nobody/stats", {}, 404),
        ("GET", "/v2/models/nobody/ready", {}, 404),
        ("POST", "/v2/models/nobody/infer", {"json": ask(RED)}, 404),
        ("GET", INFER, {}, 405),
        ("POST", INFER, {"content": b""}, 400),
        ("POST", INFER, {"content": b"{"}, 400),
        ("POST", INFER, {"json": {"inputs": []}}, 400),
        ("POST", INFER, {"json": ask(RED, outputs=[{"name": "boxes"}])}, 400),
        ("POST", INFER, {"json": ask(RED), "headers": {LENGTH: "-1"}}, 400),
        ("POST", INFER, {"json": ask(RED), "headers": {LENGTH: "99999"}}, 400),
        ("POST", INFER, {"content": b"nonsense", "headers": {"Content-Encoding": "gzip"}}, 400),
        ("POST", INFER, {"content": gzip.compress(b"{}")[:-4], "headers": {"Content-Encoding": "gzip"}}, 400),
        ("POST", INFER, {"content": gzip.compress(b"{}") + b"x", "headers": {"Content-Encoding": "gzip"}}, 400),
        ("POST", INFER, {"json": ask(*[RED] * 33)}, 413),
        ("POST", INFER, {"content": b"{}", "headers": {"Content-Encoding": "br"}}, 415),
        ("POST", INFER, {"json": ask(b"plain text")}, 415),
        ("POST", INFER, {"json": ask(RED[:80])}, 422),
    ],
)
async def test_every_error_has_the_protocol_s_shape(
    client: httpx.AsyncClient, method: str, path: str, arguments: dict[str, Any], status: int
) -> None:
    """One string that says what to do, under the status that the same error has everywhere; the service goes on."""
    answer = await client.request(method, path, **arguments)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"].endswith(".")
    assert (await client.post(INFER, json=ask(RED))).status_code == 200


async def test_an_unforeseen_error_says_nothing_internal() -> None:
    """500, in the protocol's shape."""
    async with open_service(make_repository(colors=ColorRuntime(error=RuntimeError("a secret")))) as client:
        answer = await client.post(INFER, json=ask(RED))
    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert "secret" not in answer.text


async def test_a_stopping_service_is_not_ready() -> None:
    """503 and when to try again, for the server, its models and requests."""
    repository = make_repository()
    async with open_service(repository) as client:
        repository.close()
        assert (await client.get("/v2/health/live")).status_code == 200
        for answer in (
            await client.get("/v2/health/ready"),
            await client.get("/v2/models/colors/ready"),
            await client.post(INFER, json=ask(RED)),
        ):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert list(answer.json()) == ["error"]


async def test_requests_are_counted_for_metrics_and_status() -> None:
    """By route and code, with their images and with the reason of a failure, as classify requests are."""
    async with open_service() as client:
        await client.post(INFER, json=ask(RED, BLUE))
        await client.post("/v2/models/colors_tensor/versions/1/infer", content=PLANES.tobytes(), headers={LENGTH: "0"})
        await client.post(INFER, json=ask(b"nonsense"))
        metrics = parse_metrics((await client.get("/metrics")).text)
        totals = (await client.get("/v1/status")).json()["totals"]
    requests = {(s.labels["route"], s.labels["code"]): s.value for s in metrics["argus_requests_total"].samples}
    assert requests["/v2/models/{model}/infer", "200"] == 1
    assert requests["/v2/models/{model}/versions/{version}/infer", "200"] == 1
    assert requests["/v2/models/{model}/infer", "415"] == 1
    images = {(s.labels["model"], s.labels["result"]): s.value for s in metrics["argus_images_total"].samples}
    assert images == {("colors", "classified"): 3, ("colors", "unsupported_media_type"): 1}
    assert (totals["requests"], totals["images"], totals["client_errors"]) == (2, 3, 1)


async def test_statistics_tell_the_views_apart(client: httpx.AsyncClient) -> None:
    """Requests, images and failures of each."""
    await client.post(INFER, json=ask(RED, BLUE))
    await client.post(INFER, json=ask(b"nonsense"))
    entries = (await client.get("/v2/models/stats")).json()["model_stats"]
    counts = {
        entry["name"]: (entry["inference_count"], *(entry["inference_stats"][s]["count"] for s in ("success", "fail")))
        for entry in entries
    }
    assert counts == {"colors": (2, 1, 1), "colors_tensor": (0, 0, 0)}


async def test_a_client_that_leaves_takes_its_photo_with_it() -> None:
    """Nothing is sent, nothing counts as answered, and the request is counted as one whose client left."""
    runtime, settings = ColorRuntime(), Settings()
    source = OwnStatus(lambda: 0)
    app = create_app(make_repository(settings, colors=runtime), settings, status_source=source)
    await send_and_leave(app, runtime, json.dumps(ask(RED)).encode(), path=INFER)
    samples = source.meters.take({})
    assert sum(samples["requests", "/v2/models/{model}/infer", "499"][:-1]) == 1
    assert ("images", "colors", "classified") not in samples
