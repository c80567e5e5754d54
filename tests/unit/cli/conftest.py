"""What the tests of the command share."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

_LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""

Listen = Callable[..., tuple[int, int]]


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
