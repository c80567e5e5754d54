"""The service under load: one that is started for the test, as `make up` starts it, or one that runs already.

Raises ServiceUnfit for a service that must not or cannot be loaded. What was started here is stopped, however it ends.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from argus_client import ArgusClient
from benchmarks.environments import BENCH, ROOT
from benchmarks.started import StartedSystem, SystemFailed
from serve_app.cli.ports import choose_port

_HOST, _PREFERRED_PORT = "127.0.0.1", 8123
_START_TIMEOUT_S = 300.0
_POLL_S = 0.1


class ServiceUnfit(Exception):
    """The service may not be loaded, or is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes; started: None for a service that ran before."""

    url: str
    started: StartedSystem | None

    @property
    def classify_url(self) -> str:
        """Where photos go."""
        return f"{self.url}/v1/classify"


def check_address(url: str, *, allow_remote: bool) -> str:
    """The address without what comes after host and port. Raises ServiceUnfit: a load test can bring a service down."""
    parts = urlsplit(url)
    try:
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ServiceUnfit(f"{url} is not an address: {error}") from None
    if parts.scheme != "http" or not host:
        raise ServiceUnfit(f"{url} is not an address that can be loaded. Give one such as http://127.0.0.1:8000")
    if not allow_remote and not _is_loopback(host):
        raise ServiceUnfit(
            f"{host} is not this machine. A load test can make a service unusable for others;"
            " add --allow-remote if it is yours."
        )
    return f"http://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def open_target(url: str | None, config: Path, *, allow_remote: bool) -> Iterator[Target]:
    """A service that answers. url: of a running one; otherwise `config` is started on a free port, and ended."""
    if url is not None:
        target = Target(check_address(url, allow_remote=allow_remote), None)
        _wait_until_ready(target, timeout_s=0.0)
        yield target
        return
    if not config.is_file():
        raise ServiceUnfit(f"{config} is not there. Name a configuration of the service: --config serve_config.yaml")
    port = choose_port(_HOST, _PREFERRED_PORT)
    folder = BENCH / "run" / "load"
    folder.mkdir(parents=True, exist_ok=True)
    argus = [sys.executable, "-m", "serve_app.cli", "up", "--no-ui", "--no-grpc"]
    command = [*argus, "--config", str(config.resolve()), "--serve-port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": "local"}
    try:
        started = StartedSystem("The service", command, environment, folder, port=port)
        try:
            target = Target(f"http://{_HOST}:{port}", started)
            _wait_until_ready(target, timeout_s=_START_TIMEOUT_S)
            yield target
        finally:
            # An impatient second Ctrl-C would leave Ray behind.
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            started.end()
            signal.signal(signal.SIGINT, before)
    except SystemFailed as error:
        raise ServiceUnfit(str(error)) from error


def read_configuration(path: Path) -> dict[str, Any]:
    """What of a configuration file decides how a service scales and when it refuses, by application and deployment."""
    document = yaml.safe_load(path.read_text("utf-8")) or {}
    found: dict[str, Any] = {}
    for application in document.get("applications") or []:
        arguments = application.get("args") or {}
        for section in ("inference", "overload"):
            found |= {f"{section}.{name}": value for name, value in (arguments.get(section) or {}).items()}
        for deployment in application.get("deployments") or []:
            name = deployment["name"]
            for key in ("num_replicas", "max_ongoing_requests", "graceful_shutdown_timeout_s"):
                if key in deployment:
                    found[f"{name}.{key}"] = deployment[key]
            for key, value in (deployment.get("autoscaling_config") or {}).items():
                found[f"{name}.autoscaling.{key}"] = value
    return found


def _wait_until_ready(target: Target, *, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    with ArgusClient(target.url, timeout_s=5.0, retries=0) as client:
        while not (readiness := client.ready()).ready:
            if target.started is not None:
                target.started.check_running()
            if time.monotonic() >= deadline:
                raise ServiceUnfit(
                    f"No service is ready at {target.url} ({readiness.state})."
                    " Start one with `make up`, or leave --url out to have one started for the test."
                )
            time.sleep(_POLL_S)
