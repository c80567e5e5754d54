"""Images in, answers out: the three forms of body, the shape of the answer, and one bad image among good ones."""

import base64
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from serve_app.settings import LimitSettings, Settings
from tests.fakes import ColorRuntime, make_card, make_repository
from tests.integration.conftest import open_service
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "JPEG")


def labels(answer: httpx.Response) -> list[str | None]:
    return [
        result["predictions"][0]["label"] if "predictions" in result else result["error"]["code"]
        for result in answer.json()["results"]
    ]


async def test_a_raw_image_gets_the_documented_answer(client: httpx.AsyncClient) -> None:
    """Every field of the contract, and nothing else."""
    answer = await client.post("/v1/classify", content=RED, headers={"Content-Type": "image/png"})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"request_id", "model", "results"}
    assert body["model"] == {"name": "colors", "version": "0123456789ab"}
    (result,) = body["results"]
    assert result.keys() == {"filename", "width", "height", "predictions", "timing_ms"}
    assert (result["filename"], result["width"], result["height"]) == (None, 60, 40)
    assert result["timing_ms"].keys() == {"decode", "queue", "inference"}
    assert result["predictions"][0] == {"class_id": 0, "label": "red", "score": 1.0}
    assert sum(p["score"] for p in result["predictions"]) == pytest.approx(1.0)


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream", "text/plain", ""])
async def test_the_bytes_decide_and_not_the_header(client: httpx.AsyncClient, content_type: str) -> None:
    """A PNG sent as something else is still classified."""
    answer = await client.post("/v1/classify", content=RED, headers={"Content-Type": content_type})
    assert labels(answer) == ["red"]


async def test_multipart_images_are_answered_in_order_with_their_names(client: httpx.AsyncClient) -> None:
    """Any field name is accepted; the file name comes back as it was sent and is never used as a path."""
    files = [("file", ("a.png", RED)), ("image", ("../../etc/passwd", BLUE)), ("file", ("c.png", RED))]
    answer = await client.post("/v1/classify", files=files)
    assert labels(answer) == ["red", "blue", "red"]
    assert [result["filename"] for result in answer.json()["results"]] == ["a.png", "../../etc/passwd", "c.png"]


async def test_json_images_may_be_base64_or_data_uris(client: httpx.AsyncClient) -> None:
    """Both spellings of the same picture give the same answer."""
    text = base64.b64encode(RED).decode()
    answer = await client.post("/v1/classify", json={"images": [text, f"data:image/png;base64,{text}"]})
    assert labels(answer) == ["red", "red"]


async def test_one_broken_image_of_eight_spoils_no_other(client: httpx.AsyncClient) -> None:
    """Seven answers and one problem, in their places."""
    files = [("file", (f"{i}.png", b"broken" if i == 3 else RED)) for i in range(8)]
    answer = await client.post("/v1/classify", files=files)
    assert answer.status_code == 200
    assert labels(answer) == ["red"] * 3 + ["unsupported_media_type"] + ["red"] * 4
    problem = answer.json()["results"][3]["error"]
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id"}


async def test_each_item_of_json_fails_alone(client: httpx.AsyncClient) -> None:
    """Text that is not base64 is that item's problem."""
    answer = await client.post("/v1/classify", json={"images": ["***", base64.b64encode(RED).decode()]})
    assert labels(answer) == ["malformed_request", "red"]


async def test_an_oversized_image_among_others_fails_alone() -> None:
    """The limit of one image is that image's problem, not the request's."""
    settings = Settings(limits=LimitSettings(max_image_bytes=1024))
    async with open_service(settings=settings) as client:
        answer = await client.post("/v1/classify", files=[("f", ("a", RED)), ("f", ("b", bytes(2000)))])
        assert labels(answer) == ["red", "payload_too_large"]


async def test_top_k_and_min_score_choose_the_predictions(client: httpx.AsyncClient) -> None:
    """At most top_k, none under min_score."""
    answer = await client.post("/v1/classify?top_k=2", content=RED)
    assert len(answer.json()["results"][0]["predictions"]) == 2
    answer = await client.post("/v1/classify?min_score=0.5", content=RED)
    assert len(answer.json()["results"][0]["predictions"]) == 1


async def test_a_model_is_chosen_by_name() -> None:
    """The path names the model; without it the first one answers."""
    first, second = ColorRuntime(make_card("first")), ColorRuntime(make_card("second", ("rot", "gruen", "blau")))
    async with open_service(make_repository(first=first, second=second)) as client:
        assert labels(await client.post("/v1/classify", content=RED)) == ["red"]
        assert labels(await client.post("/v1/models/second/classify", content=RED)) == ["rot"]
        models = (await client.get("/v1/models")).json()["models"]
        assert [(model["name"], model["default"]) for model in models] == [("first", True), ("second", False)]
        assert (await client.get("/v1/models/second/labels")).json()["labels"] == ["rot", "gruen", "blau"]
        assert (await client.get("/v1/models/second")).json() == models[1]


async def test_every_response_carries_its_id_and_its_timing(client: httpx.AsyncClient) -> None:
    """A client's id is kept; the answer, its body and its problem show the same one."""
    answer = await client.post("/v1/classify", content=RED, headers={"X-Request-ID": "abc-1"})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "abc-1"
    stages = [part.split(";")[0] for part in answer.headers["Server-Timing"].split(", ")]
    assert stages == ["decode", "queue", "inference", "total"]
    answer = await client.get("/nowhere")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    assert answer.headers["Server-Timing"].startswith("total;dur=")


async def test_an_unusable_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    """An id that is too long or holds spaces does not reach the log."""
    answer = await client.get("/health/live", headers={"X-Request-ID": "a b" * 100})
    assert len(answer.headers["X-Request-ID"]) == 32


async def test_the_docs_need_no_internet(client: httpx.AsyncClient) -> None:
    """The page and everything that it loads come from the service itself."""
    page = (await client.get("/docs")).text
    assert "http://" not in page
    assert "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert (await client.get(f"/static-offline-docs/{name}")).status_code == 200
    assert json.loads((await client.get("/openapi.json")).text)["info"]["title"] == "Argus"
