"""`python -m serve_app.grpc` as a program: it starts, says where it is, and ends clean."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from serve_app.cli.ports import is_free
from serve_app.grpc.protocol import open_inference_pb2 as messages
from tests.e2e.serving import find_free_ports


@contextmanager
def starting(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program, ended with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "serve_app.grpc", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_listens_and_ends_when_asked(number: signal.Signals) -> None:
    """It says where it listens once it does, answers there, and a signal ends it with status 0 and a free port."""
    (port,) = find_free_ports(1)
    with starting("--port", str(port), "--service-url", "http://127.0.0.1:9") as process:
        assert process.stdout is not None
        assert f"on 127.0.0.1:{port}, for http://127.0.0.1:9" in process.stdout.readline()
        assert not is_free("127.0.0.1", port)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            ask = channel.unary_unary(
                "/inference.GRPCInferenceService/ServerLive",
                request_serializer=messages.ServerLiveRequest.SerializeToString,
                response_deserializer=messages.ServerLiveResponse.FromString,
            )
            assert not ask(messages.ServerLiveRequest(), timeout=20).live
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output, errors) == (0, "", "")
    assert is_free("127.0.0.1", port)


def test_a_busy_port_is_named() -> None:
    """Two servers never share a port in silence."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with starting("--port", str(port)) as process:
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in errors
    assert f"--port {port + 1}" in errors


def test_a_wrong_address_is_refused() -> None:
    """The person learns the form that it needs."""
    with starting("--service-url", "localhost") as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "needs the form http://127.0.0.1:8000" in errors
