"""Replicas that come and go: an application that starts from none, grows under load and goes back to none."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from argus_client import ArgusClient
from tests.e2e.serving import RunningService
from tests.photos import example
from tests.scraping import read_value

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 180.0
APPLICATION = "from_none"
CONNECTIONS = 16
MODEL = "efficientnet_lite0"


@pytest.fixture(scope="module")
def client(real_service: RunningService) -> Iterator[ArgusClient]:
    with ArgusClient(real_service.from_none_url, timeout_s=PATIENCE_S, retries=20) as client:
        yield client


def find_processes(is_wanted: Callable[[str], bool]) -> set[int]:
    """Ids of the processes with such a title, which is how Ray shows what they are."""
    return {one.pid for one in psutil.process_iter(["cmdline"]) if is_wanted(" ".join(one.info["cmdline"] or ()))}


def find_replicas() -> set[int]:
    """Processes that are replicas of the application: to ask the service would bring one back."""
    return find_processes(lambda title: f"ray::ServeReplica:{APPLICATION}:" in title)


def find_spares() -> set[int]:
    """Processes without work that have done a replica's last import."""
    idle = find_processes(lambda title: title.strip() == "ray::IDLE")
    return {pid for pid in idle if "libopenvino" in Path(f"/proc/{pid}/maps").read_text()}


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@contextmanager
def many_asking(client: ArgusClient) -> Iterator[None]:
    """A load on the application; in the end, all who asked have had answers and no failure."""
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
            yield
        finally:
            enough.set()
    assert all(one.result() > 0 for one in answered)


def test_the_first_answer_after_none_waits_and_does_not_fail(client: ArgusClient) -> None:
    """Several who ask at once all wait for the same replica."""
    wait_until("no replica", lambda: not find_replicas())
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(client.classify, [example("coffee")] * 4))
    assert {answer.top and answer.top.label for answer in answers} == {"espresso"}
    assert find_replicas()


def test_load_brings_another_replica_and_rest_takes_all_away(real_service: RunningService, client: ArgusClient) -> None:
    """No request fails on the way up or down, and meanwhile the two replicas take work of each other's."""

    def count_borrowed() -> float:
        metrics = httpx.get(f"{real_service.from_none_url}/metrics", timeout=PATIENCE_S).text
        return read_value(metrics, "argus_borrowed_images_total", model=MODEL)

    with many_asking(client):
        wait_until("a second replica", lambda: client.status().replicas.running == 2)
        wait_until("an image that one ran for the other", lambda: count_borrowed() > 0)
    wait_until("no replica", lambda: not find_replicas())


def test_the_next_replica_is_the_process_that_waited_for_it(client: ArgusClient) -> None:
    """Ray gives it the worker that was kept idle, with the imports that it did there."""
    waiting: set[int] = set()

    def one_waits() -> bool:
        client.classify(example("cat"))  # so that the one replica stays, which asks for it
        waiting.update(find_spares())
        return bool(waiting)

    wait_until("a process in waiting", one_waits)
    with many_asking(client):
        wait_until("a second replica", lambda: client.status().replicas.running == 2)
        assert waiting & find_replicas()
