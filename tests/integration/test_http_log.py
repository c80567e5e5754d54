"""What is logged of requests, over ASGI in process."""

import asyncio
import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from serve_app.http.app import create_app
from serve_app.journal import Finished
from serve_app.settings import AccessSettings, ApiKey, ObservabilitySettings, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.leaving import send_and_leave
from tests.photos import encode
from tests.telling import make_journal, open_telling

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
KEY = "a key that is nobody else's business"
ACCESS = AccessSettings(api_keys=(ApiKey(client="the shop", sha256=hashlib.sha256(KEY.encode()).hexdigest()),))
ALL = ObservabilitySettings(request_log="all")
OFF = ObservabilitySettings(request_log="off")


async def test_a_classify_request_has_one_line_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    """Who, what, how large, what came of it, and where its time went."""
    async with open_telling(tmp_path, observability=ALL, access=ACCESS) as (client, told):
        headers = {"X-Request-ID": "r-42", "Authorization": f"Bearer {KEY}"}
        files = [("file", ("a.png", RED)), ("file", ("b.png", b"broken")), ("file", ("c.png", RED))]
        answer = await client.post("/v1/models/colors/classify", files=files, headers=headers)
        sent = int(answer.request.headers["content-length"])
    (line,) = told.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    for stage in ("decode_ms", "queue_ms", "inference_ms", "total_ms"):
        assert line.pop(stage) >= 0
    assert line == {
        "level": "INFO",
        "event": "request",
        "request_id": "r-42",
        "method": "POST",
        "route": "/v1/models/{model}/classify",
        "status": 200,
        "model": "colors",
        "images": 2,
        "bytes": sent,
        "client": "the shop",
        "application": "argus",
        "deployment": "ImageClassifier",
        "replica": "r1",
    }


async def test_a_refused_request_has_a_line_with_the_problem_s_code(tmp_path: Path) -> None:
    """And with as much as was known when it was refused."""
    async with open_telling(tmp_path, observability=ALL) as (client, told):
        await client.post("/v1/classify", content=b"broken")
        await client.post("/v1/models/nobody/classify", content=RED)
        await client.post("/v1/classify?top_k=0", content=RED)
    wanted = ("status", "code", "model", "bytes")
    assert [tuple(line.get(name) for name in wanted) for line in told.lines] == [
        (415, "unsupported_media_type", "colors", 6),
        (404, "model_not_found", None, None),
        (422, "invalid_parameter", None, None),
    ]


async def test_only_classify_requests_are_told_of(tmp_path: Path) -> None:
    """Whoever looks at the service every second fills no disk."""
    async with open_telling(tmp_path, observability=ALL) as (client, told):
        for path in ("/v1/status", "/metrics", "/health/ready", "/v1/models", "/nowhere"):
            await client.get(path)
    assert told.lines == []


@pytest.mark.parametrize("log", ["errors", "off"])
async def test_what_went_well_or_was_the_client_s_fault_has_no_line_by_default(tmp_path: Path, log: Any) -> None:
    """Only what the service failed is told of."""
    async with open_telling(tmp_path, observability=ObservabilitySettings(request_log=log)) as (client, told):
        assert (await client.post("/v1/classify", content=RED)).status_code == 200
        assert (await client.post("/v1/classify", content=b"broken")).status_code == 415
    assert told.lines == []


@pytest.mark.parametrize("log", ["errors", "all", "off"])
async def test_a_failure_has_a_line_unless_there_are_to_be_none(tmp_path: Path, log: Any) -> None:
    """A service that is stopping says 503."""
    repository = make_repository()
    async with open_telling(tmp_path, repository, observability=ObservabilitySettings(request_log=log)) as (
        client,
        told,
    ):
        await asyncio.to_thread(repository.close)
        await client.post("/v1/classify", content=RED)
    lines = [(line["level"], line["status"], line["code"]) for line in told.lines]
    assert lines == ([] if log == "off" else [("ERROR", 503, "not_ready")])


@pytest.mark.parametrize("log", ["errors", "all", "off"])
async def test_an_unforeseen_error_has_its_cause_in_the_request_s_one_line(
    tmp_path: Path, log: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even when lines are off, since the answer says that the cause is in the log; and stderr shows it too."""
    repository = make_repository(colors=ColorRuntime(error=RuntimeError("the cause")))
    async with open_telling(tmp_path, repository, observability=ObservabilitySettings(request_log=log)) as (
        client,
        told,
    ):
        answer = await client.post("/v1/classify", content=RED)
        assert answer.json()["code"] == "internal"
    (line,) = told.lines
    assert (line["status"], line["request_id"]) == (500, answer.json()["request_id"])
    assert line["error"].startswith("Traceback")
    assert line["error"].endswith("RuntimeError: the cause\n")
    assert [json.loads(shown) for shown in capsys.readouterr().err.splitlines()] == [line]


async def test_an_unforeseen_error_behind_the_framework_has_one_line_too(tmp_path: Path) -> None:
    """Not every request goes the short way."""

    class Broken(type(make_repository())):  # type: ignore[misc]  # the class of a fake
        @property
        def models(self) -> Any:
            raise RuntimeError("the cause")

    repository = Broken({"colors": object()}, Settings())
    async with open_telling(tmp_path, repository, observability=ALL) as (client, told):
        await client.get("/v1/models")
    (line,) = told.lines
    assert (line["route"], line["status"]) == ("/v1/models", 500)
    assert "RuntimeError: the cause" in line["error"]


async def test_without_a_journal_an_unforeseen_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever builds the application by itself still learns the cause."""
    app = create_app(make_repository(colors=ColorRuntime(error=RuntimeError("the cause"))), Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
        answer = await client.post("/v1/classify", content=RED)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert answer.json()["request_id"] in record.getMessage()
    assert "the cause" in record.getMessage()


async def test_a_client_that_leaves_has_a_line(tmp_path: Path) -> None:
    """Under the code that the metrics have for it."""
    runtime = ColorRuntime()
    journal = make_journal(ALL, tmp_path)
    await send_and_leave(create_app(make_repository(colors=runtime), Settings(), journal=journal), runtime, RED)
    journal.close()
    (line,) = [json.loads(text) for path in tmp_path.iterdir() for text in path.read_text().splitlines()]
    assert (line["status"], line["model"], line["bytes"]) == (499, "colors", len(RED))


async def test_no_secret_and_nothing_of_a_photo_is_told(tmp_path: Path) -> None:
    """Keys, good and bad ones, headers, file names, bodies and queries stay out of lines and traces."""
    secrets = [KEY, "a wrong key", "cookie-secret", "holiday.png", "query-secret", "secret-in-json"]
    async with open_telling(
        tmp_path, traces=True, observability=ObservabilitySettings(request_log="all", sample_ratio=1), access=ACCESS
    ) as (client, told):
        for key in (KEY, "a wrong key"):
            headers = {"Authorization": f"Bearer {key}", "Cookie": "cookie-secret"}
            await client.post("/v1/classify?x=query-secret", files={"file": ("holiday.png", RED)}, headers=headers)
            await client.post("/v1/classify", headers={"X-API-Key": key}, json={"images": ["secret-in-json"]})
    spans = "".join(span.to_json() for span in told.exported.spans)
    assert len(told.lines) == 4
    assert [secret for secret in secrets if secret in told.text or secret in spans] == []
    assert "the shop" in told.text
    assert "the shop" in spans


async def test_the_journal_ends_with_the_application(tmp_path: Path) -> None:
    """What waits is told before the server hears that the application has ended."""
    journal = make_journal(ALL, tmp_path)
    app = create_app(make_repository(), Settings(), journal=journal)
    journal.note(Finished(0.0, 0.0, 200, "POST", "/v1/classify", "/v1/classify", True, {}))
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append((message["type"], len(list(tmp_path.iterdir()))))

    await app({"type": "lifespan", "state": {}}, receive, send)
    assert sent == [("lifespan.startup.complete", 0), ("lifespan.shutdown.complete", 1)]
