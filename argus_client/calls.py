"""What every call is, for both clients: its request, the reader of its answer, its bounds.

Sends nothing; `client` and `async_client` do.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from argus_client import answers, requests
from argus_client.answers import Answer
from argus_client.errors import ProblemError
from argus_client.exchange import Exchange, exchange, persist, probe_live, probe_ready
from argus_client.many import Many
from argus_client.pace import Pace
from argus_client.requests import Image, Options, Request
from argus_client.results import Classification, Model, Readiness, ServiceStatus
from argus_client.tracing import trace_exchange

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
# A question about health that takes longer has its answer.
_HEALTH_TIMEOUT_S = 5.0


class Calls:
    """What a call is, for both clients: its request, its reader, its bounds."""

    def __init__(self, base_url: str, *, api_key: str | None, timeout_s: float, retries: int) -> None:
        if timeout_s <= 0 or retries < 0:
            raise ValueError("timeout_s must be above 0 and retries at least 0")
        self.base_url = base_url.rstrip("/")
        self.headers = {"User-Agent": "argus-client"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self.timeout_s = timeout_s
        self.retries = retries

    @property
    def trusts_environment(self) -> bool:
        """Whether proxies count that the environment names: not on the way to this very machine."""
        return not _is_loopback(urlsplit(self.base_url).hostname or "")

    def classify(
        self, image: Image, options: Options, *, filename: str | None, timeout_s: float | None
    ) -> Exchange[Classification]:
        """Steps of `classify`; reads the image first, unless it is a large file."""
        part = requests.read_part(image, filename, streamed=True)
        request = requests.classify_one(part, options)
        return self._exchange(request, answers.read_classification(part.filename), timeout_s)

    def classify_batch(
        self, images: Sequence[Image], options: Options, *, timeout_s: float | None
    ) -> Exchange[list[Classification | ProblemError]]:
        """Steps of `classify_batch`; reads the images first."""
        parts = [requests.read_part(image) for image in images]
        request = requests.classify_batch(parts, options)
        return self._exchange(request, answers.read_batch([part.filename for part in parts]), timeout_s)

    def classify_many(self, options: Options, *, concurrency: int, timeout_s: float | None) -> Many:
        """What `classify_many` does with each of its images, and the pace at which it does so."""
        limit_s = self._limit(timeout_s)
        pace = Pace(concurrency, patience_s=limit_s)

        def begin(image: Image) -> Exchange[Classification]:
            part = requests.read_part(image, streamed=True)
            read = answers.read_classification(part.filename)

            def begin_sending(sent: Request) -> Exchange[Classification]:
                return persist(sent, read, may_wait=lambda: pace.is_patient, timeout_s=limit_s, retries=self.retries)

            return trace_exchange(requests.classify_one(part, options), begin_sending, self.base_url)

        return Many(pace, begin)

    def models(self, timeout_s: float | None) -> Exchange[list[Model]]:
        """Steps of `models`."""
        return self._exchange(requests.list_models(), answers.read_models, timeout_s)

    def model(self, name: str, timeout_s: float | None) -> Exchange[Model]:
        """Steps of `model`."""
        return self._exchange(requests.describe_model(name), answers.read_model, timeout_s)

    def labels(self, name: str, timeout_s: float | None) -> Exchange[list[str]]:
        """Steps of `labels`."""
        return self._exchange(requests.list_labels(name), answers.read_labels, timeout_s)

    def status(self, timeout_s: float | None) -> Exchange[ServiceStatus]:
        """Steps of `status`."""
        return self._exchange(requests.ask_status(), answers.read_status, timeout_s)

    def live(self) -> Exchange[bool]:
        """Steps of `live`."""
        return probe_live(requests.ask_live(), timeout_s=min(self.timeout_s, _HEALTH_TIMEOUT_S))

    def ready(self) -> Exchange[Readiness]:
        """Steps of `ready`."""
        return probe_ready(requests.ask_ready(), timeout_s=min(self.timeout_s, _HEALTH_TIMEOUT_S))

    def _exchange(self, request: Request, read: Callable[[Answer], T], timeout_s: float | None) -> Exchange[T]:
        limit_s = self._limit(timeout_s)

        def begin(sent: Request) -> Exchange[T]:
            return exchange(sent, read, timeout_s=limit_s, retries=self.retries)

        return trace_exchange(request, begin, self.base_url)

    def _limit(self, timeout_s: float | None) -> float:
        if timeout_s is None:
            return self.timeout_s
        if timeout_s <= 0:
            raise ValueError("timeout_s must be above 0")
        return timeout_s


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
