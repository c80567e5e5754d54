"""What `argus up` refuses before it starts anything, and what it tells the person."""

import io
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from serve_app.cli.configuration import address
from serve_app.cli.display import Display
from serve_app.cli.launches import Launch
from serve_app.cli.up import Up, UpOptions
from tests.unit.cli.conftest import Listen

SHIPPED = Path(__file__).parents[3] / "serve_config.yaml"


@pytest.fixture
def output() -> io.StringIO:
    """What the terminal shows."""
    return io.StringIO()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration in a folder of its own."""
    return Path(shutil.copy(SHIPPED, tmp_path))


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def run(output: io.StringIO, options: UpOptions) -> int:
    """Run the start to its end, without a terminal."""
    return await Up(options, Display(Console(file=output, width=200))).run()


async def test_a_busy_port_is_named_with_what_to_do(output: io.StringIO, config: Path, busy: int) -> None:
    """The person learns which port, which process and which option."""
    assert await run(output, UpOptions(config=config, serve_port=busy)) == 1
    text = output.getvalue()
    assert f"Port {busy} is in use by" in text
    assert f"kill {os.getpid()}" in text
    assert f"--serve-port {busy + 100}" in text


async def test_the_uis_port_has_its_own_option(output: io.StringIO, config: Path, busy: int) -> None:
    """A busy port of the UI is not answered with the service's option, and does not matter without the UI."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert await run(output, UpOptions(config=config, serve_port=free, ui_port=busy)) == 1
    assert f"--ui-port {busy + 100}" in output.getvalue()


async def test_grpcs_port_has_its_own_option(output: io.StringIO, config: Path, busy: int) -> None:
    """A busy port for gRPC is answered with the option that chooses another for it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    options = UpOptions(config=config, serve_port=free, grpc_port=busy, ui=False)
    assert await run(output, options) == 1
    assert f"--grpc-port {busy + 100}" in output.getvalue()


async def test_one_port_cannot_be_for_two(output: io.StringIO, config: Path) -> None:
    """Who gives the service the port that gRPC has by default is told how to give gRPC another."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert await run(output, UpOptions(config=config, serve_port=free, grpc_port=free)) == 1
    assert f"Port {free} is asked for twice. Choose another: --grpc-port {free + 100}" in output.getvalue()


async def test_a_port_of_a_running_start_names_its_launcher(output: io.StringIO, config: Path, listen: Listen) -> None:
    """When it is another `argus up` that holds the port, stopping that one is the advice."""
    port, _ = listen(Launch.begin().environment)
    assert await run(output, UpOptions(config=config, serve_port=port)) == 1
    assert f"stop that first (kill {os.getpid()})" in output.getvalue()


async def test_an_impossible_host_is_refused(output: io.StringIO, config: Path) -> None:
    """An address that this machine does not have is said to be so."""
    assert await run(output, UpOptions(config=config, host="192.0.2.123")) == 1
    assert "Cannot listen on 192.0.2.123:8000" in output.getvalue()


async def test_a_wrong_setting_ends_the_start_with_its_name(output: io.StringIO, config: Path) -> None:
    """A typing error in the settings is found before Ray starts, named by its path, and nothing is left behind."""
    config.write_text(config.read_text().replace("max_images:", "max_imagse:"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert await run(output, UpOptions(config=config, serve_port=free, ui=False, grpc=False)) == 1
    text = output.getvalue()
    assert "The models could not be prepared." in text
    assert "limits.max_imagse" in text
    assert address("127.0.0.1", free) not in text
