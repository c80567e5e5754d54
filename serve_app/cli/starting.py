"""The things that a start waits for: the models, the service, gRPC, the page. Each ends when it is ready or raises.

Knows when each is ready and what its log says meanwhile; not how a start is interrupted or cleaned up.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from argus_client import AsyncArgusClient
from serve_app.cli.children import Child, script, start_child
from serve_app.cli.configuration import ServeConfiguration, address
from serve_app.cli.display import Step

_POLL_S = 0.2
# A first start on a slow machine loads every model from a cold disk; a start that takes longer hangs.
_SERVICE_TIMEOUT_S = 600.0
_UI_TIMEOUT_S = 900.0
_GRPC_TIMEOUT_S = 120.0
# What Ray logs when an application cannot come up; `serve run` itself goes on waiting.
_SERVICE_FAILURE = re.compile(r"Deploying app '.*' failed|DEPLOY_FAILED|failed to start \d+ times in a row")


class StartError(Exception):
    """Something cannot be started; the message says what, child whose log says why."""

    def __init__(self, message: str, child: Child | None = None) -> None:
        super().__init__(message)
        self.child = child


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the children run; register: is told of each child as soon as it exists, so that it can be ended."""

    environment: Mapping[str, str]
    folder: Path
    logs: Path
    register: Callable[[Child], None]

    async def start(
        self, name: str, command: list[str], log: str, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a child and register it."""
        child = await start_child(
            name, command, environment=environment or self.environment, log=self.logs / log, folder=self.folder
        )
        self.register(child)
        return child


async def prepare_models(around: Surroundings, configuration: ServeConfiguration, step: Step) -> None:
    """Export the models that are not exported yet."""
    step.begin("checking")
    command = [sys.executable, "-m", "serve_app.cli.prepare", str(configuration.path)]
    child = await around.start("the export of the models", command, f"models-{configuration.port}.log")
    while not child.has_ended:
        _note_last_line(child, step)
        await _pause(child)
    if child.process.returncode:
        raise StartError("The models could not be prepared.", child)
    step.finish()


async def start_service(
    around: Surroundings, configuration: ServeConfiguration, environment: Mapping[str, str], config: Path,
    step: Step,
) -> Child:  # fmt: skip
    """Start `serve run` and wait until the service says that it is ready."""
    step.begin("starting Ray")
    child = await around.start(
        "the service", [script("serve"), "run", str(config)], f"service-{configuration.port}.log", environment
    )

    async def wait() -> None:
        async with AsyncArgusClient(configuration.url, timeout_s=5.0, retries=0) as client:
            while not (await client.ready()).ready:
                tail = child.read_tail(400)
                if any(_SERVICE_FAILURE.search(line) for line in tail):
                    raise StartError("The service could not be deployed.", child)
                if any("Submitted deploy config" in line for line in tail):
                    step.come_to("loading the models")
                await _pause(child)
                if child.has_ended:
                    raise StartError(f"The service {child.ending} before it was ready.", child)

    await _within(_SERVICE_TIMEOUT_S, wait(), child)
    step.finish(configuration.url)
    return child


async def start_ui(around: Surroundings, host: str, port: int, service_url: str, step: Step) -> Child:
    """Start the production UI, which builds the page first when that is needed, and wait until the page is served."""
    step.begin("starting")
    url = address(host, port)
    options = ["--host", host, "--port", str(port), "--service-url", service_url]
    command = [sys.executable, "-m", "reflex_frontend.production", *options]
    child = await around.start("the UI", command, f"ui-{port}.log")

    async def wait() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while not await _is_served(client, url):
                _note_last_line(child, step)
                await _pause(child)
                if child.has_ended:
                    raise StartError(f"The UI {child.ending} before the page was served.", child)

    await _within(_UI_TIMEOUT_S, wait(), child)
    step.finish(url)
    return child


async def start_grpc(around: Surroundings, host: str, port: int, service_url: str, step: Step) -> Child:
    """Start the gRPC server, which needs the service for its answers only, and wait until it listens."""
    step.begin("starting")
    options = ["--host", host, "--port", str(port), "--service-url", service_url]
    child = await around.start(
        "the gRPC server", [sys.executable, "-m", "serve_app.grpc", *options], f"grpc-{port}.log"
    )

    async def wait() -> None:
        while not await _listens(host, port):
            await _pause(child)
            if child.has_ended:
                raise StartError(f"The gRPC server {child.ending} before it listened.", child)

    await _within(_GRPC_TIMEOUT_S, wait(), child)
    step.finish(address(host, port).removeprefix("http://"))
    return child


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def _is_served(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


async def _within(seconds: float, waiting: Awaitable[None], child: Child) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        raise StartError(f"{child.title} was not ready after {seconds:.0f} s.", child) from None


async def _pause(child: Child) -> None:
    # Until it is worth looking again: at once when the child ends.
    try:
        async with asyncio.timeout(_POLL_S):
            await child.process.wait()
    except TimeoutError:
        return


def _note_last_line(child: Child, step: Step) -> None:
    for line in child.read_tail(1):
        step.come_to(line.strip())
