"""What the tests of the command share."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from serve_app.cli.main import app
from tests.e2e.fake_service import FakeService

_LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""

Listen = Callable[..., tuple[int, int]]
Argus = Callable[..., Result]
MakeRoot = Callable[..., Path]


@pytest.fixture(scope="session")
def stand_in() -> Iterator[FakeService]:
    """A service of the whole session that speaks the contract and runs no model."""
    service = FakeService()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def service(stand_in: FakeService) -> Iterator[FakeService]:
    """It, well and with nothing seen."""
    stand_in.reset()
    yield stand_in
    stand_in.reset()


@pytest.fixture
def make_root(tmp_path: Path) -> MakeRoot:
    """Writes files below a folder that stands for /."""

    def make(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / "root" / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "root"

    return make


@pytest.fixture
def argus(tmp_path: Path, service: FakeService) -> Argus:
    """Runs `argus` with these arguments against the stand-in service, with an empty cache and without a terminal."""
    environment = {
        "ARGUS_SERVICE_URL": service.url,
        "ARGUS_API_KEY": None,
        "ARGUS_ARTIFACTS": None,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "COLUMNS": "100",
        "TERM": "dumb",
    }

    def run(*arguments: object, **more: str | None) -> Result:
        return CliRunner(env={**environment, **more}).invoke(app, [str(one) for one in arguments], prog_name="argus")

    return run


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts a program that listens, with more in its environment if wanted; gives its port and process id."""
    with ExitStack() as stack:

        def start(environment: Mapping[str, str] | None = None) -> tuple[int, int]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _LISTEN],
                    env={**os.environ, **(environment or {})},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            stack.callback(process.communicate)
            assert process.stdout is not None
            return int(process.stdout.readline()), process.pid

        yield start
