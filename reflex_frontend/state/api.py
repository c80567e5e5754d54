"""The API page: which sample is shown, for which model and number of labels, and the one request that is tried."""

import asyncio
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import httpx
import reflex as rx

from reflex_frontend import figures, service
from reflex_frontend.attempt import Attempt, Header, open_line, send_photo
from reflex_frontend.building import ROOT
from reflex_frontend.listings import Piece, cut_code, cut_json, lay_out
from reflex_frontend.settings import Settings
from reflex_frontend.snippets import LANGUAGES, TASKS, Target, write_sample
from reflex_frontend.state.health import HealthState
from reflex_frontend.texts import api as texts

TOP_K_CHOICES = ("1", "3", "5", "10")
EXAMPLES = ("cat", "coffee", "rocket")


class ApiState(rx.State):
    """model: "" for the service's default; address: the service's, as people reach it."""

    address: str = Settings().service_url
    language: str = rx.LocalStorage(LANGUAGES[0], name="argus_language")
    task: str = TASKS[0]
    model: str = ""
    top_k: str = "5"
    example: str = EXAMPLES[0]
    sending: bool = False
    tried: bool = False
    attempt: Attempt = Attempt()

    @rx.event
    def open_page(self) -> None:
        """The page is shown, or its connection is back."""
        self.address = service.limits().shown_service_url
        # An attempt that was under way when the server went away will not come back.
        self.sending = False

    @rx.event
    def choose_language(self, choice: str) -> None:
        """Whose samples are shown."""
        if choice in LANGUAGES:
            self.language = choice

    @rx.event
    def choose_task(self, choice: str) -> None:
        """Which sample is shown."""
        if choice in TASKS:
            self.task = choice

    @rx.event
    async def choose_model(self, choice: str) -> None:
        """Which model is asked; the default one goes without its name."""
        health = await self.get_state(HealthState)
        if choice in health.precisions:
            self.model = "" if choice == health.model_name else choice

    @rx.event
    def choose_top_k(self, choice: str) -> None:
        """How many labels to ask for."""
        if choice in TOP_K_CHOICES:
            self.top_k = choice

    @rx.event
    def choose_example(self, choice: str) -> None:
        """Which photo to send."""
        if choice in EXAMPLES:
            self.example = choice

    @rx.event(background=True)
    async def send(self) -> None:
        """Try the request, once."""
        async with self:
            if self.sending:
                return
            self.sending = True
            path, example = self._request_path(), self.example
        photo = await asyncio.to_thread(_example_path(example).read_bytes)
        attempt = await send_photo(_line(), path, photo, timeout_s=service.limits().answer_timeout_s)
        async with self:
            self.attempt, self.sending, self.tried = attempt, False, True

    @rx.var
    def url(self) -> str:
        """The whole address of the request."""
        return self.address + self._request_path()

    @rx.var
    def request_path(self) -> str:
        """The request's path with its query."""
        return self._request_path()

    @rx.var
    async def sample(self) -> str:
        """The sample as text, for copying."""
        health = await self.get_state(HealthState)
        return self._write_sample(health.model_name)

    @rx.var
    async def sample_pieces(self) -> list[Piece]:
        """The sample as drawn."""
        health = await self.get_state(HealthState)
        return cut_code(self._write_sample(health.model_name))

    @rx.var
    def note(self) -> str:
        """What the language needs."""
        return texts.NOTES.get(self.language, "")

    @rx.var
    async def models(self) -> list[list[str]]:
        """Name and text of each model to choose from."""
        health = await self.get_state(HealthState)
        default = health.model_name
        return [
            [name, texts.DEFAULT_MODEL.format(name=name) if name == default else name] for name in health.precisions
        ]

    @rx.var
    async def model_value(self) -> str:
        """The name of the model that is asked."""
        health = await self.get_state(HealthState)
        return str(self.model or health.model_name)

    @rx.var
    def photo_fact(self) -> str:
        """The photo's name and size, as the request's body."""
        return f"{self.example}.jpg, {figures.size(_example_path(self.example).stat().st_size)}"

    @rx.var
    def status_line(self) -> str:
        """The status in numbers and words."""
        return f"{self.attempt.status} {self.attempt.reason}".strip() if self.attempt.status else texts.NO_ANSWER

    @rx.var
    def time_text(self) -> str:
        """How long the answer took."""
        return figures.milliseconds(self.attempt.total_ms)

    @rx.var
    def size_text(self) -> str:
        """The size of the answer's body."""
        return figures.size(self.attempt.size_bytes)

    @rx.var
    def outcome(self) -> str:
        """How the attempt ended: "good", "bad", or "" before there was one."""
        if not self.tried:
            return ""
        return "good" if 200 <= self.attempt.status < 300 else "bad"

    @rx.var
    def headers(self) -> list[Header]:
        """The answer's headers."""
        return list(self.attempt.headers)

    @rx.var
    def body(self) -> str:
        """The answer's body, indented where it is JSON."""
        try:
            return lay_out(json.loads(self.attempt.body))
        except ValueError:
            return self.attempt.body

    @rx.var
    def body_pieces(self) -> list[Piece]:
        """The same as drawn."""
        return cut_json(self.body)

    @rx.var
    def failure_text(self) -> str:
        """Why there is no answer."""
        if self.attempt.failure == "late":
            return texts.LATE.format(seconds=f"{service.limits().answer_timeout_s:g}")
        return texts.UNREACHABLE if self.attempt.failure else ""

    @rx.var
    def announcement(self) -> str:
        """What a screen reader says when the answer is there."""
        if self.sending or not self.tried:
            return ""
        return self.failure_text or texts.TOOK.format(status=self.status_line, time=self.time_text)

    def _write_sample(self, default_model: str) -> str:
        language = self.language if self.language in LANGUAGES else LANGUAGES[0]
        target = self._target()
        return write_sample(language, self.task, replace(target, default_model=default_model or target.default_model))

    def _target(self) -> Target:
        return Target(self.address, self.model, int(self.top_k))

    def _request_path(self) -> str:
        return f"{self._target().path}?top_k={self.top_k}"


@cache
def _line() -> httpx.AsyncClient:
    """The process's own connection for attempts, made on first use."""
    return open_line(service.limits().service_url)


def _example_path(name: str) -> Path:
    return ROOT / "assets" / "examples" / f"{name}.jpg"
