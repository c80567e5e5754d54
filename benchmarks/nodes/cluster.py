"""A Ray cluster that serves Argus: its head, nodes that join, and what Serve says of the replicas on each.

Every process carries a mark in its environment, by which all of them are found at the end.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
import yaml

from benchmarks.nodes.network import Host
from serve_app.cli.configuration import make_environment, read_configuration
from serve_app.cli.launches import end_processes
from serve_app.cli.ports import choose_port

_MARK = "ARGUS_NODES"
_BIN = Path(sys.executable).parent
_HEAD_PORT = 6390
_START_S = 120.0
_STOP_S = 15.0


@dataclass(frozen=True, slots=True)
class Replicas:
    """Running replicas by the address of their node, at a moment in seconds."""

    at: float
    by_node: dict[str, int]


class ClusterFailed(Exception):
    """The cluster did not come up; the message says where its output is."""


class Cluster:
    """A head on the first host, with Serve's application on it. Use as a context manager: nothing of it is left.

    configuration: of Serve; its address becomes that of this start. cpus: that each node says it has, and so how many
    replicas of one core it takes. folder: empty and short in name, since Ray and HAProxy make sockets below it.
    """

    def __init__(self, head: Host, configuration: Path, folder: Path, *, cpus: int = 1) -> None:
        self._head, self._folder, self._cpus = head, folder, cpus
        self._mark = uuid.uuid4().hex
        self._token = uuid.uuid4().hex + uuid.uuid4().hex
        self._gcs_port = choose_port("0.0.0.0", _HEAD_PORT)  # noqa: S104  # nodes reach it from their own addresses
        self._dashboard_port = choose_port("127.0.0.1", 8365)
        self._port = choose_port("0.0.0.0", 8300)  # noqa: S104  # HAProxy of every node listens on its address
        self._source = configuration
        self._started: list[subprocess.Popen[bytes]] = []
        self.url = f"http://{head.address}:{self._port}"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        end_processes(self._find_processes, patience_s=_STOP_S)
        for process in self._started:
            process.wait()

    def join(self, host: Host) -> None:
        """Start a node there; returns at once, the node takes seconds to be there."""
        self._ray(
            host, "start", f"--address={self._head.address}:{self._gcs_port}", f"--node-ip-address={host.address}"
        )

    def count_replicas(self) -> dict[str, int]:
        """Running replicas by the address of their node. Raises OSError while Serve does not answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._dashboard_port}/api/serve/applications/",
            headers={"Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # an address that we made
            applications = json.load(answer)["applications"]
        return Counter(
            replica["node_ip"]
            for application in applications.values()
            for deployment in application["deployments"].values()
            for replica in deployment["replicas"]
            if replica["state"] == "RUNNING"
        )

    def _start(self) -> None:
        addresses = [f"--node-ip-address={self._head.address}", f"--port={self._gcs_port}"]
        folders = [f"--dashboard-port={self._dashboard_port}", f"--temp-dir={self._folder / 'ray'}"]
        self._ray(self._head, "start", "--head", *addresses, *folders)
        path = self._folder / "serve_config.yaml"
        document = yaml.safe_load(self._source.read_text("utf-8"))
        document["http_options"] = {"host": "0.0.0.0", "port": self._port}  # noqa: S104  # replicas on other hosts too
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        self._wait_until(self._serves_details, "Ray's head")
        environment = {**self._environment(self._head), "RAY_ADDRESS": f"{self._head.address}:{self._gcs_port}"}
        command = [str(_BIN / "serve"), "run", "--non-blocking", str(path)]
        with (self._folder / "serve.log").open("wb") as log:
            subprocess.run(command, env=environment, stdout=log, stderr=log, check=True, timeout=_START_S)
        self._wait_until(lambda: sum(self.count_replicas().values()) > 0, "the first replica")

    def _serves_details(self) -> bool:
        self.count_replicas()
        return True

    def _wait_until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                if condition():
                    return
            except (OSError, KeyError):  # not there yet
                pass
            if time.monotonic() > deadline:
                raise ClusterFailed(f"{what} was not there after {_START_S:.0f} s; see {self._folder}/*.log")
            time.sleep(0.2)

    def _ray(self, host: Host, *arguments: str) -> None:
        command = host.command(str(_BIN / "ray"), *arguments, f"--num-cpus={self._cpus}", "--block")
        name = host.name.replace(" ", "-")
        with (self._folder / f"{name}.log").open("wb") as log:
            self._started.append(
                subprocess.Popen(command, env=self._environment(host), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )

    def _environment(self, host: Host) -> dict[str, str]:
        """As `argus up` sets it, for a cluster instead of a machine: HAProxy's files by node, one token for all."""
        folder = self._folder / host.name.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        configuration = read_configuration(self._source, host="0.0.0.0", port=self._port)  # noqa: S104  # see above
        environment = make_environment(os.environ, configuration, folder)
        del environment["RAY_ADDRESS"]
        return {**environment, _MARK: self._mark, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self._token}

    def _find_processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(_MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found
