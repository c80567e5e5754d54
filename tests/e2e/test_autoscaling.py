"""Replicas that come and go: a real service that starts from none, grows under load and goes back to none."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
import yaml

from argus_client import ArgusClient
from tests.e2e.serving import ROOT, RunningService, find_free_ports, serve_config
from tests.photos import example

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 180.0
APPLICATION = "from_none"
CONNECTIONS = 16


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The shipped configuration, but without a replica that stays, and quicker to take one away."""
    (port,) = find_free_ports(1)
    config: dict[str, Any] = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    config["http_options"]["port"] = port
    (application,) = config["applications"]
    application["name"] = APPLICATION
    (deployment,) = application["deployments"]
    deployment["ray_actor_options"] = {"num_cpus": 0.2}
    deployment["autoscaling_config"] |= {"min_replicas": 0, "initial_replicas": 0, "downscale_delay_s": 3}
    with serve_config(config, tmp_path_factory.mktemp("from_none"), ("/health/ready",)) as running:
        yield running


@pytest.fixture(scope="module")
def client(service: RunningService) -> Iterator[ArgusClient]:
    with ArgusClient(service.url, timeout_s=PATIENCE_S, retries=20) as client:
        yield client


def count_replicas() -> int:
    """Processes that are replicas of the application: to ask the service would bring one back."""
    title = f"ray::ServeReplica:{APPLICATION}:"
    return sum(title in " ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"]))


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def test_the_first_answer_after_none_waits_and_does_not_fail(client: ArgusClient) -> None:
    """Several who ask at once all wait for the same replica."""
    wait_until("no replica", lambda: count_replicas() == 0)
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(client.classify, [example("coffee")] * 4))
    assert {answer.top and answer.top.label for answer in answers} == {"espresso"}
    assert count_replicas() >= 1


def test_load_brings_another_replica_and_rest_takes_all_away(client: ArgusClient) -> None:
    """No request fails on the way up or down."""
    enough = threading.Event()
    photo = example("cat")

    def ask() -> int:
        answered = 0
        while not enough.is_set():
            client.classify(photo)
            answered += 1
        return answered

    with ThreadPoolExecutor(CONNECTIONS) as people:
        answered = [people.submit(ask) for _ in range(CONNECTIONS)]
        try:
            wait_until("a second replica", lambda: client.status().replicas.running == 2)
        finally:
            enough.set()
    assert all(one.result() > 0 for one in answered)
    wait_until("no replica", lambda: count_replicas() == 0)
