"""The environment `.clients`: made with uv, and run from as a subprocess."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import Report, fingerprint_environment, make_environment, pin
from tests.clients import FOLDER
from tests.clients.perf_analyzer import NoPerfAnalyzer, find_perf_analyzer

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class NoClients(Exception):
    """The environment is missing or old; the message says how to make it."""


class ClientFailed(AssertionError):
    """A script ended with an error; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The environment, for tests. python: its interpreter."""

    python: Path

    def run(self, script: Path, argument: Any = None, *, timeout_s: float = 50.0) -> Any:
        """What a script makes of its argument: JSON on its standard input, JSON on its standard output.

        Raises ClientFailed with its last words where it failed.
        """
        done = subprocess.run(
            [str(self.python), str(script)],
            input=json.dumps(argument),
            env={**os.environ, "PYTHONPATH": "", "HF_HUB_DISABLE_TELEMETRY": "1"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode:
            raise ClientFailed(f"{script.name} failed:\n{done.stderr[-4000:]}")
        return json.loads(done.stdout)

    @property
    def perf_analyzer(self) -> list[str]:
        """The words that start perf_analyzer. Without one the test is skipped, and fails where `CI` is set."""
        try:
            return find_perf_analyzer()
        except NoPerfAnalyzer as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))


def ensure_clients(report: Report) -> Path:
    """The interpreter of the environment, made first where it is missing or old; raises EnvironmentFailed."""
    return make_environment(FOLDER, _REQUIREMENTS, "the environment of the third-party clients", report)


def lock_requirements() -> None:
    """Pin the requirements anew; needs uv."""
    pin(_REQUIREMENTS.with_suffix(".in"))


def find_clients() -> Clients:
    """The environment as it should be; raises NoClients."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / ".installed"
    wanted = fingerprint_environment(_REQUIREMENTS)
    if not python.exists() or not stamp.exists() or stamp.read_text("utf-8") != wanted:
        raise NoClients("The third-party clients are not installed as pinned. Make their environment: make clients")
    return Clients(python)


def require_clients() -> Clients:
    """For a test: the environment. Without one the test is skipped, and fails where `CI` says that it must not be."""
    try:
        return find_clients()
    except NoClients as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
