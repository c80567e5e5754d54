"""Which port is free, and who holds one that is not."""

import os
import socket

import pytest

from serve_app.cli.ports import choose_port, find_holder, is_free
from tests.unit.cli.conftest import Listen


@pytest.fixture
def listener(listen: Listen) -> tuple[int, int]:
    """The port and the process id of a program that listens."""
    return listen()


def test_a_port_that_is_listened_on_is_not_free(listener: tuple[int, int]) -> None:
    """A port in use is found on its own address and on all addresses."""
    port, _ = listener
    assert not is_free("127.0.0.1", port)
    assert not is_free("0.0.0.0", port)  # noqa: S104 - nothing is sent there


def test_the_holder_of_a_port_is_named(listener: tuple[int, int]) -> None:
    """A person learns the process id and enough of the command to recognise it."""
    port, pid = listener
    holder = find_holder(port)
    assert holder is not None
    assert holder.pid == pid
    assert "import socket, sys server" in str(holder)
    assert str(pid) in str(holder)
    assert len(holder.command) <= 60


def test_a_free_port_has_no_holder() -> None:
    """A port nobody listens on is free and names nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert is_free("127.0.0.1", port)
    assert find_holder(port) is None


def test_an_address_of_another_machine_is_an_error() -> None:
    """A host that this machine does not have is told apart from a busy port."""
    with pytest.raises(OSError, match="assign"):
        is_free("192.0.2.123", 8000)


def test_the_preferred_port_is_chosen_where_it_can_be(listener: tuple[int, int]) -> None:
    """Another is chosen only when the preferred one is busy or already given away."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert choose_port("127.0.0.1", free) == free
    assert choose_port("127.0.0.1", free, taken=frozenset({free})) != free
    busy, _ = listener
    other = choose_port("127.0.0.1", busy)
    assert other != busy
    assert is_free("127.0.0.1", other)


def test_this_process_holds_what_it_listens_on() -> None:
    """The search does not leave out the process that asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        holder = find_holder(server.getsockname()[1])
    assert holder is not None
    assert holder.pid == os.getpid()
