"""Replicas that come and go: an application that starts from none, grows under load and goes back to none."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from argus_client import ArgusClient
from tests.e2e.serving import RunningService
from tests.photos import example

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 180.0
APPLICATION = "from_none"
CONNECTIONS = 16


@pytest.fixture(scope="module")
def client(real_service: RunningService) -> Iterator[ArgusClient]:
    with ArgusClient(real_service.from_none_url, timeout_s=PATIENCE_S, retries=20) as client:
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
