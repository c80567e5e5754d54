"""The drop-in protocols: each takes what its clients send, and answers what they read."""

import base64
import math
from typing import Any

import httpx
import pytest
from PIL import Image

from serve_app.http.app import create_app
from serve_app.settings import Settings
from tests.fakes import ColorRuntime, make_card, make_repository
from tests.integration.conftest import open_service
from tests.leaving import send_and_leave
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "JPEG")
BASE64 = base64.b64encode(RED).decode()
TWINS = ColorRuntime(make_card("twins", ("crane", "crane", "blue")))


async def ask(client: httpx.AsyncClient, path: str, **request: Any) -> Any:
    answer = await client.post(path, **request)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


@pytest.mark.parametrize("content_type", [None, "image/jpeg", "application/octet-stream", "text/plain", "image/x-none"])
async def test_hugging_face_takes_a_raw_photo_of_any_content_type(
    client: httpx.AsyncClient, content_type: str | None
) -> None:
    """The bytes say what they are."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await ask(client, "/huggingface", content=RED, headers=headers)
    assert [element["label"] for element in answer] == ["red", "blue", "green"]
    assert answer[0].keys() == {"label", "score"}
    assert sum(element["score"] for element in answer) == pytest.approx(1)


@pytest.mark.parametrize("photo", [BASE64, f"data:image/jpeg;base64,{BASE64}"])
async def test_hugging_face_takes_base64_and_parameters(client: httpx.AsyncClient, photo: str) -> None:
    """The form that its client sends when it is given parameters."""
    answer = await ask(client, "/huggingface/colors", json={"inputs": photo, "parameters": {"top_k": 1}})
    assert [element["label"] for element in answer] == ["red"]


@pytest.mark.parametrize("parameters", [{}, None, {"top_k": None}, {"function_to_apply": "softmax"}, {"timeout": 3}])
async def test_hugging_face_parameters_may_be_left_out(client: httpx.AsyncClient, parameters: Any) -> None:
    """Null and unknown ones change nothing."""
    plain = await ask(client, "/huggingface", content=RED)
    assert await ask(client, "/huggingface", json={"inputs": BASE64, "parameters": parameters}) == plain


async def test_hugging_face_functions_make_other_scores_of_the_same_logits(client: httpx.AsyncClient) -> None:
    """Asked for none it leaves the logits; sigmoid and softmax are functions of them."""
    dark = base64.b64encode(encode(Image.new("RGB", (60, 40), (3, 1, 2)), "PNG")).decode()

    async def apply(function: str) -> dict[str, float]:
        inputs = {"inputs": dark, "parameters": {"function_to_apply": function}}
        return {element["label"]: element["score"] for element in await ask(client, "/huggingface", json=inputs)}

    logits, sigmoid, softmax = await apply("none"), await apply("sigmoid"), await apply("softmax")
    assert logits == pytest.approx({"red": 3, "green": 1, "blue": 2})
    total = sum(math.exp(logit - logits["red"]) for logit in logits.values())
    for label, logit in logits.items():
        assert sigmoid[label] == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-5)
        assert softmax[label] == pytest.approx(math.exp(logit - logits["red"]) / total, abs=1e-5)


@pytest.mark.parametrize("path", ["/predictions/colors", "/predictions/colors/1.0", "/predictions/colors/0123456789ab"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_torchserve_answers_labels_with_their_scores(client: httpx.AsyncClient, method: str, path: str) -> None:
    """A photo as the body, as `curl -T` and `curl --data-binary` send it; the version may be named."""
    answer = await client.request(method, path, content=RED)
    assert answer.status_code == 200
    scores = answer.json()
    assert list(scores) == ["red", "blue", "green"]
    assert sum(scores.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "form",
    [
        {"files": {"data": ("photo.jpg", RED)}},
        {"files": {"photo": ("photo.jpg", RED)}},
        {"files": {"data": ("photo.jpg", RED), "other": ("other.txt", b"text")}},
        {"files": {"data": (None, BASE64)}},
    ],
    ids=["file", "file of another name", "file among others", "base64"],
)
async def test_torchserve_takes_a_form(client: httpx.AsyncClient, form: dict[str, Any]) -> None:
    """The part is called data; a file that is alone may be called anything."""
    assert next(iter(await ask(client, "/predictions/colors", **form))) == "red"


async def test_torchserve_tells_one_score_of_two_classes_with_one_label() -> None:
    """The better one: an object of JSON has each name once."""
    async with open_service(make_repository(twins=TWINS)) as client:
        scores = await ask(client, "/predictions/twins", content=RED)
    assert list(scores) == ["crane", "blue"]
    assert scores["crane"] > 0.9


async def test_torchserve_ping_is_healthy_while_the_model_is_there(client: httpx.AsyncClient) -> None:
    """What its clients wait for."""
    assert (await client.get("/ping")).json() == {"status": "Healthy"}


async def test_torchserve_ping_is_unhealthy_when_the_service_stops() -> None:
    """503, in the form of both a ping and an error."""
    repository = make_repository()
    async with open_service(repository) as client:
        repository.close()
        answer = await client.get("/ping")
    assert answer.status_code == 503
    assert answer.json()["status"] == "Unhealthy"
    assert answer.json()["type"] == "ServiceUnavailableException"
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", ["/classify/", "/classify", "/predict/", "/predict"])
@pytest.mark.parametrize("field", ["file", "image"])
async def test_the_course_s_page_gets_a_label_and_all_probabilities(
    client: httpx.AsyncClient, path: str, field: str
) -> None:
    """As its page posts it and reads it; the probabilities are in the order of the labels."""
    answer = await ask(client, path, files={field: ("my photo.jpg", RED)})
    assert answer.keys() == {"filename", "prediction", "probabilities"}
    assert (answer["filename"], answer["prediction"]) == ("my photo.jpg", "red")
    labels = (await client.get("/v1/models/colors/labels")).json()["labels"]
    assert max(zip(answer["probabilities"], labels, strict=True))[1] == "red"
    assert sum(answer["probabilities"]) == pytest.approx(1)


async def test_the_course_s_file_name_goes_back_and_nowhere_else(client: httpx.AsyncClient) -> None:
    """A name that leads out of a folder is a text like any other."""
    name = "../../outside.jpg"
    assert (await ask(client, "/classify/", files={"file": (name, RED)}))["filename"] == name


@pytest.mark.parametrize("path", ["/huggingface", "/predictions/colors", "/classify/"])
async def test_a_request_is_counted_like_any_other(client: httpx.AsyncClient, path: str) -> None:
    """In the metrics by its route, with its image and its stages, and in the status."""
    answer = await client.post(path, content=RED)
    assert {"decode", "queue", "inference", "total"} <= {
        stage.partition(";")[0] for stage in answer.headers["Server-Timing"].split(", ")
    }
    metrics = (await client.get("/metrics")).text
    route = path.replace("colors", "{model}")
    assert f'argus_requests_total{{code="200",route="{route}"}} 1.0' in metrics
    assert 'argus_images_total{model="colors",result="classified"} 1.0' in metrics
    assert (await client.get("/v1/status")).json()["totals"]["images"] == 1


@pytest.mark.parametrize("path", ["/huggingface", "/predictions/colors", "/classify/"])
async def test_a_client_that_leaves_takes_its_photo_with_it(path: str) -> None:
    """Nothing is sent, and nothing is counted as classified."""
    runtime, settings = ColorRuntime(), Settings()
    repository = make_repository(settings, colors=runtime)
    await send_and_leave(create_app(repository, settings), runtime, RED, path=path)
    assert repository.queued == 0
