"""A Prometheus for tests: the shipped configuration with other addresses, on a free port."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from tests.dashboard import PROMETHEUS
from tests.e2e.serving import find_free_ports
from tests.prometheus import Prometheus

_START_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class RunningPrometheus:
    """Where it answers."""

    url: str
    log: Path

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series that a query has now: each with its `metric` and its `value`."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=30)
        assert answer.status_code == 200, f"{query}: {answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found


def make_config(folder: Path, services: dict[str, str]) -> Path:
    """The shipped files, scraping every second. services: by instance, the address of each."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "argus")
    path: str = job["metrics_path"]
    job["static_configs"] = [
        {
            "targets": [urlsplit(url).netloc],
            "labels": {"instance": name, "__metrics_path__": urlsplit(url).path + path},
        }
        for name, url in services.items()
    ]
    shutil.copy(PROMETHEUS / "alerts.yml", folder)
    made = folder / "prometheus.yml"
    made.write_text(yaml.safe_dump(config))
    return made


@contextmanager
def running_prometheus(programs: Prometheus, folder: Path, services: dict[str, str]) -> Iterator[RunningPrometheus]:
    """Start it, wait until it has scraped every service, and end it afterwards."""
    (port,) = find_free_ports(1)
    log = folder / "prometheus.log"
    command = [
        str(programs.server),
        f"--config.file={make_config(folder, services)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    server = RunningPrometheus(f"http://127.0.0.1:{port}", log)
    try:
        _wait_until_scraping(server, process, len(services))
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()


def _wait_until_scraping(server: RunningPrometheus, process: "subprocess.Popen[bytes]", services: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if len(server.ask('up{job="argus"} == 1')) == services:
                return
        except (httpx.TransportError, AssertionError):
            pass  # it is starting
        time.sleep(0.1)
    raise AssertionError(f"Prometheus did not scrape the service:\n{server.log.read_text()[-4000:]}")
