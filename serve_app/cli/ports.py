"""Which ports are free, and who holds one that is not. Knows nothing of what the ports are for."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that listens on a port; command: as a person would recognise it."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now; raises OSError where it never could, such as an unknown address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers bind: an address whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def find_holder(port: int) -> Holder | None:
    """The process that listens on the port; None when there is none, or when it belongs to another user."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listens and connection.pid:
            try:
                return Holder(connection.pid, describe(psutil.Process(connection.pid)))
            except psutil.NoSuchProcess:
                continue
    return None


def choose_port(host: str, preferred: int, *, taken: frozenset[int] = frozenset()) -> int:
    """The preferred port where it is free and not in `taken`; otherwise one that is."""
    if preferred not in taken and is_free(host, preferred):
        return preferred
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def describe(process: psutil.Process, limit: int = 60) -> str:
    """The start of a process's command line; its name where that cannot be read."""
    try:
        program, *arguments = process.cmdline() or [process.name()]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return "a process"
    command = " ".join([Path(program).name, *" ".join(arguments).split()])
    return command if len(command) <= limit else command[: limit - 4] + " ..."
