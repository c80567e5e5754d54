"""Hosts on one machine: network namespaces on a bridge, each with an address of its own. Needs root and iproute2.

The first host is the machine itself at the bridge's address; what runs on the others sees only its own ports.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

# Private addresses that a machine hardly uses.
_NETWORK = "10.77.41"
_BRIDGE = "argus-bridge"
_GONE_S = 10.0


@dataclass(frozen=True, slots=True)
class Host:
    """Where a node runs. namespace: empty for the machine itself."""

    name: str
    address: str
    namespace: str = ""

    def command(self, *arguments: str) -> list[str]:
        """The command that runs these arguments on the host."""
        return ["ip", "netns", "exec", self.namespace, *arguments] if self.namespace else list(arguments)

    def kill_all(self) -> int:
        """End every process of a namespace at once, as a power cut would; returns how many there were."""
        pids = [int(pid) for pid in _ip("netns", "pids", self.namespace).split()]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)


def explain_missing() -> str:
    """Why hosts cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "Network namespaces need root: run this as root, or leave it."
    if shutil.which("ip") is None:
        return "The command `ip` is missing. Install it: apt-get install iproute2"
    return ""


@contextmanager
def make_hosts(count: int) -> Iterator[list[Host]]:
    """The machine and `count` namespaces, removed afterwards with all that runs in them."""
    others = [Host(f"node {k}", f"{_NETWORK}.{k + 1}", f"argus-node-{k}") for k in range(1, count + 1)]
    _remove(others)  # what an interrupted run left
    try:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{_NETWORK}.1/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for k, host in enumerate(others, 1):
            _ip("netns", "add", host.namespace)
            _ip("link", "add", f"argus-veth{k}", "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
            _ip("link", "set", f"argus-veth{k}", "master", _BRIDGE, "up")
            _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                _ip("-n", host.namespace, "link", "set", device, "up")
        yield [Host("head", f"{_NETWORK}.1"), *others]
    finally:
        _remove(others)


def _remove(hosts: list[Host]) -> None:
    deadline = time.monotonic() + _GONE_S
    for host in hosts:
        with suppress(subprocess.CalledProcessError):  # there is no such namespace
            while host.kill_all() and time.monotonic() < deadline:
                time.sleep(0.05)
            _ip("netns", "del", host.namespace)
    with suppress(subprocess.CalledProcessError):
        _ip("link", "del", _BRIDGE)


def _ip(*arguments: str) -> str:
    command = [shutil.which("ip") or "ip", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
