"""The gRPC server in front of a real service, on a free port."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.serving import find_free_ports


@contextmanager
def running_grpc(service_url: str) -> Iterator[str]:
    """Start `python -m serve_app.grpc`, give its address once it listens, and end it with SIGTERM."""
    (port,) = find_free_ports(1)
    command = [sys.executable, "-m", "serve_app.grpc", "--port", str(port), "--service-url", service_url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("Open Inference Protocol over gRPC on ")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.stdout.close()
    assert process.returncode == 0
