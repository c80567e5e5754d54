"""Locust's side: users who each want one photo a second and wait for their answer. Runs in a process of its own.

Locust replaces the standard library's sockets by gevent's, so nothing else may be in its process. It is given its plan
in a file and writes each request to a pipe, both named by its environment; see `closed_loop`.
"""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import gevent
from geventhttpclient.response import HTTPConnectionClosed
from locust import FastHttpUser, LoadTestShape, constant_throughput, task

from benchmarks.load.scenarios import Phase, Scenario
from benchmarks.photos import read_photos

_PLAN: dict[str, Any] = json.loads(Path(os.environ["ARGUS_LOAD_PLAN"]).read_text("utf-8"))
_PIPE = int(os.environ["ARGUS_LOAD_PIPE"])
_SCENARIO = Scenario(_PLAN["name"], "", tuple(Phase(**phase) for phase in _PLAN["phases"]))
_PHOTOS = read_photos(Path(_PLAN["images"]))
_CLOSED = (HTTPConnectionClosed, ConnectionResetError, BrokenPipeError)
# A step is a step: all its users come within the second.
_MOST_USERS_A_SECOND = 10_000
_begin = 0.0


def _tell(**values: float | str) -> None:
    os.write(_PIPE, json.dumps(values).encode() + b"\n")


class Person(FastHttpUser):
    """Sends a photo a second, or as often as answers come if those take longer."""

    wait_time = constant_throughput(1)
    connection_timeout = network_timeout = _PLAN["timeout_s"]
    _has_connection = False

    def on_start(self) -> None:
        """Begin at a moment of its own, so that users who come together do not send together."""
        gevent.sleep(random.random())  # noqa: S311  # spreads a load

    @task
    def classify(self) -> None:
        """One photo; once more where an idle connection was closed before an answer began, as in `connections`."""
        due = time.monotonic()
        photo = random.choice(_PHOTOS)  # noqa: S311  # any photo will do
        answer = self._send(photo)
        repeats = self._has_connection and isinstance(getattr(answer, "error", None), _CLOSED)
        if repeats:
            answer = self._send(photo)
        status = int(answer.status_code or 0)
        headers = {name.lower(): value for name, value in (answer.headers or {}).items()} if status else {}
        self._has_connection = status > 0 and headers.get("connection", "").lower() != "close"
        said = "" if status == 200 else str(answer.text or getattr(answer, "error", ""))[:200]
        _tell(
            due=due - _begin, seconds=time.monotonic() - due, status=status, retry_after="retry-after" in headers,
            reconnects=int(repeats), said=said,
        )  # fmt: skip

    def _send(self, photo: bytes) -> Any:
        headers = {"Content-Type": "image/jpeg"}
        return self.client.post(_PLAN["path"], data=photo, headers=headers)  # type: ignore[arg-type]  # bytes do


class ScenarioShape(LoadTestShape):
    """As many users as the scenario offers requests a second."""

    def tick(self) -> tuple[int, float] | None:
        """Users of now and how many may come in a second; None ends it."""
        global _begin  # noqa: PLW0603  # the users above has no other way to know it
        if not _begin:
            _begin = time.monotonic()
            _tell(begin=_begin)
        now = time.monotonic() - _begin
        if now >= _SCENARIO.seconds:
            return None
        users = max(1, round(_SCENARIO.share_at(now) * _PLAN["capacity"]))
        return users, float(_MOST_USERS_A_SECOND)
