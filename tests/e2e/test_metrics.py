"""The metrics of the real service, as a real Prometheus with the shipped configuration sees them."""

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.dashboard import fill_in, list_queries
from tests.e2e.prometheus_server import RunningPrometheus, running_prometheus
from tests.e2e.serving import LIMITED_KEY, TORCHVISION_MODEL, RunningService
from tests.photos import example
from tests.prometheus import require_prometheus
from tests.scraping import parse_metrics, read_value

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 120.0
CLASSIFY = "/v1/classify"
MODEL = "efficientnet_lite0"


def scrape(url: str) -> str:
    """The metrics, once the replicas' figures can be added up."""
    for _ in wait(f"{url}/metrics"):
        answer = httpx.get(f"{url}/metrics", timeout=30)
        if answer.status_code == 200:
            return answer.text
    raise AssertionError


def wait(what: str) -> Iterator[int]:
    """Turns of a wait for `what`; fails when it has been too long."""
    deadline = time.monotonic() + PATIENCE_S
    for turn in itertools.count():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        yield turn
        time.sleep(0.1)


def wait_until(what: str, condition: Callable[[], bool]) -> None:
    for _ in wait(what):
        if condition():
            return


def count(text: str, code: str) -> float:
    return read_value(text, "argus_requests_total", route=CLASSIFY, code=code)


def test_what_was_sent_is_what_is_counted(real_service: RunningService) -> None:
    """Good and broken requests, over HAProxy and the board: each once."""
    url = real_service.url
    before = scrape(url)
    for body in (example("cat"), example("coffee"), b"no image", example("cat")[:5000]):
        httpx.post(url + CLASSIFY, content=body, timeout=60)

    def is_counted() -> bool:
        after = scrape(url)
        answered, refused, broken = (count(after, code) - count(before, code) for code in ("200", "415", "422"))
        return (answered, refused, broken) == (2, 1, 1)

    wait_until("2 answers, 1 upload of no image, 1 of a broken one", is_counted)
    after = scrape(url)
    assert read_value(after, "argus_replicas", deployment="ImageClassifier", state="running") == 1
    assert read_value(after, "argus_replicas_target", deployment="ImageClassifier") == 1
    models = [sample.labels for sample in parse_metrics(after)["argus_model_info"].samples]
    assert {labels["model"]: labels["runtime"] for labels in models}[MODEL] == "openvino"


def test_any_replica_answers_for_all(real_service: RunningService) -> None:
    """Requests to two replicas add up, and no count falls, whichever of them is asked."""
    url = real_service.hurried_url
    before = count(scrape(url), "504") + count(scrape(url), "429")
    for _ in range(12):
        httpx.post(url + CLASSIFY, content=example("cat"), timeout=60)
    seen = [before]
    for _ in wait("12 requests of two replicas"):
        text = scrape(url)
        seen.append(count(text, "504") + count(text, "429"))
        if seen[-1] == before + 12:
            break
    assert seen == sorted(seen)
    assert read_value(text, "argus_replicas", deployment="ImageClassifier", state="running") == 2


def test_batches_are_counted_where_the_model_is(real_service: RunningService) -> None:
    """In the split topology the ingress shows what the inference replica has counted."""
    url = real_service.split_url
    before = read_value(scrape(url), "argus_batch_images_sum", model=MODEL)
    assert httpx.post(url + CLASSIFY, content=example("cat"), timeout=60).status_code == 200
    wait_until(
        "a batch in the other process",
        lambda: read_value(scrape(url), "argus_batch_images_sum", model=MODEL) == before + 1,
    )
    found = {sample.labels["deployment"] for sample in parse_metrics(scrape(url))["argus_replicas_target"].samples}
    assert found == {"Ingress", f"Inference_{MODEL}"}


class Traffic:
    """Sends good, broken and refused requests, round after round, until it is stopped."""

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._limited_url = f"{service.keyed_url}/v1/models/{TORCHVISION_MODEL}/classify"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _send(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._stopped.wait(0.1):
                files = [("file", ("cat.jpg", example("cat"))), ("file", ("broken.jpg", b"no image"))]
                client.post(self._service.url + CLASSIFY, content=example("cat"))
                client.post(self._service.url + CLASSIFY, files=files)
                client.post(self._service.url + CLASSIFY, content=example("cat")[:5000])
                # One in ten seconds is this client's share; the others are refused.
                client.post(self._limited_url, content=example("cat"), headers={"X-API-Key": LIMITED_KEY})


@pytest.fixture(scope="module")
def prometheus(real_service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPrometheus]:
    """A Prometheus that scrapes two applications of the busy service."""
    programs = require_prometheus()
    traffic = Traffic(real_service)
    services = {"main": real_service.url, "keyed": real_service.keyed_url}
    with running_prometheus(programs, tmp_path_factory.mktemp("prometheus"), services) as server:
        traffic.start()
        try:
            yield server
        finally:
            traffic.stop()


@pytest.mark.parametrize(("title", "query"), list_queries(), ids=[title for title, _ in list_queries()])
def test_every_panel_s_query_returns_data(prometheus: RunningPrometheus, title: str, query: str) -> None:
    """As Grafana sends it; numbers, and not the absence of any."""
    filled = fill_in(query, window="1m")
    wait_until(
        f"{title}: {filled}",
        lambda: any(not math.isnan(float(series["value"][1])) for series in prometheus.ask(filled)),
    )


@pytest.mark.parametrize(
    "query",
    [
        'sum(rate(argus_requests_total{route="/v1/classify",code="200",instance="main"}[1m])) > 0',
        'sum(rate(argus_problems_total{reason="rate_limited",instance="keyed"}[1m])) > 0',
        'sum(rate(argus_problems_total{reason="undecodable_image",instance="main"}[1m])) > 0',
        'sum(rate(argus_images_total{result="unsupported_media_type",instance="main"}[1m])) > 0',
        'histogram_quantile(0.5, sum by (le) (rate(argus_request_duration_seconds_bucket{code="200"}[1m]))) > 0.001',
        'sum(rate(argus_model_busy_seconds_total{instance="main"}[1m])) > 0',
    ],
)
def test_what_was_sent_shows(prometheus: RunningPrometheus, query: str) -> None:
    """Good requests, those refused for their number and those with broken images, each where it belongs."""
    wait_until(query, lambda: len(prometheus.ask(query)) == 1)


def test_the_alerts_are_watched(prometheus: RunningPrometheus) -> None:
    """Every rule is evaluated without an error."""

    def are_evaluated() -> bool:
        groups = httpx.get(f"{prometheus.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
        return [rule["health"] for group in groups for rule in group["rules"]] == ["ok"] * 7

    wait_until("seven rules in health", are_evaluated)
