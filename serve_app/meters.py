"""What one replica counts for its metrics: a few additions a request, and samples of it all when they are asked for.

The additions stand in the request path, so there are no objects with labels in it, only lists of numbers. What the
samples are called, and their units, is `exposition`'s. Knows nothing of HTTP, of other replicas or of Ray.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

# Upper bounds of histograms. A dozen or so: each costs a line a series in Prometheus, and a number in every note.
REQUEST_BOUNDS_MS = (5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 200.0, 350.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0)
STAGE_BOUNDS_MS = (0.5, 1.0, 2.5, 5.0, 7.5, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 10000.0)
BATCH_BOUNDS = tuple(2**power for power in range(11))  # images: 1, 2, 4, ... 1024, the most that a batch can hold

# (what, labels...) -> numbers that add up over replicas. A histogram: one count for each bound, one above them all, and
# the sum of what was observed. A counter: one number.
Key = tuple[str, ...]
Samples = Mapping[Key, tuple[float, ...]]

# The first words of keys, and the labels that follow.
REQUESTS = "requests"  # route, code -> histogram of milliseconds
PROBLEMS = "problems"  # code, reason -> counter
IMAGES = "images"  # model, result -> counter
DECODE, QUEUE, INFERENCE = "decode", "queue", "inference"  # model -> histogram of milliseconds
BATCHES = "batches"  # model -> histogram of images
BUSY = "busy"  # model -> counter of seconds
BORROWED = "borrowed"  # model -> counter of images
OPEN_INFERENCE = "open_inference"  # view -> what `open_inference.statistics` counts

CLASSIFIED = "classified"


class Meters:
    """Counts requests and images. Use it from one event loop."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], list[float]] = {}
        self._problems: dict[tuple[int, str], int] = {}
        self._failed: dict[tuple[str, str], int] = {}
        self._stages: dict[str, tuple[list[float], list[float], list[float]]] = {}
        self._inferences: dict[str, tuple[float, ...]] = {}

    def count_request(self, route: str, code: int, ms: float) -> None:
        """Count a request that has its answer. route: the template and not the path, so that there are few."""
        try:
            histogram = self._requests[route, code]
        except KeyError:
            histogram = self._requests[route, code] = make_histogram(REQUEST_BOUNDS_MS)
        histogram[bisect_left(REQUEST_BOUNDS_MS, ms)] += 1
        histogram[-1] += ms

    def count_problem(self, code: int, reason: str) -> None:
        """Count a request that was answered with a problem. reason: the problem's `code`; code: its HTTP status."""
        self._problems[code, reason] = self._problems.get((code, reason), 0) + 1

    def count_image(self, model: str, decode_ms: float, queue_ms: float, inference_ms: float) -> None:
        """Count an image that was classified, and where its time went."""
        try:
            decode, queue, inference = self._stages[model]
        except KeyError:
            decode, queue, inference = self._stages[model] = (
                make_histogram(STAGE_BOUNDS_MS),
                make_histogram(STAGE_BOUNDS_MS),
                make_histogram(STAGE_BOUNDS_MS),
            )
        decode[bisect_left(STAGE_BOUNDS_MS, decode_ms)] += 1
        decode[-1] += decode_ms
        queue[bisect_left(STAGE_BOUNDS_MS, queue_ms)] += 1
        queue[-1] += queue_ms
        inference[bisect_left(STAGE_BOUNDS_MS, inference_ms)] += 1
        inference[-1] += inference_ms

    def count_failed_image(self, model: str, reason: str) -> None:
        """Count an image that was at fault. reason: its problem's `code`."""
        self._failed[model, reason] = self._failed.get((model, reason), 0) + 1

    def count_inference(self, view: str, numbers: tuple[float, ...]) -> None:
        """Count a request of the Open Inference Protocol. numbers: as many for every request."""
        known = self._inferences.get(view)
        self._inferences[view] = numbers if known is None else tuple(map(sum, zip(known, numbers, strict=True)))

    def take(self, batches: "Mapping[str, BatchMeter]") -> Samples:
        """All that was counted so far. batches: of the models that run in this process, by name."""
        samples: dict[Key, tuple[float, ...]] = {}
        for (route, code), histogram in self._requests.items():
            samples[REQUESTS, route, str(code)] = tuple(histogram)
        for (code, reason), count in self._problems.items():
            samples[PROBLEMS, str(code), reason] = (count,)
        for (model, reason), count in self._failed.items():
            samples[IMAGES, model, reason] = (count,)
        for model, stages in self._stages.items():
            samples[IMAGES, model, CLASSIFIED] = (sum(stages[0][:-1]),)
            for stage, histogram in zip((DECODE, QUEUE, INFERENCE), stages, strict=True):
                samples[stage, model] = tuple(histogram)
        for view, numbers in self._inferences.items():
            samples[OPEN_INFERENCE, view] = numbers
        for model, meter in batches.items():
            samples[BATCHES, model], samples[BUSY, model], samples[BORROWED, model] = meter.take()
        return samples


class BatchMeter:
    """Counts batches. One thread counts; another may take meanwhile, and may miss the batch that is being counted."""

    def __init__(self) -> None:
        self._sizes = make_histogram(BATCH_BOUNDS)
        self._busy_s = 0.0
        self._borrowed = 0

    def count(self, size: int, seconds: float, *, borrowed: bool = False) -> None:
        """Count a batch. size: at least 1; seconds: how long it kept the model's thread; borrowed: from a sibling."""
        self._sizes[min((size - 1).bit_length(), len(BATCH_BOUNDS))] += 1
        self._sizes[-1] += size
        self._busy_s += seconds
        self._borrowed += borrowed * size

    def take(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """The histogram of sizes, the seconds, and how many images were borrowed."""
        return tuple(self._sizes), (self._busy_s,), (self._borrowed,)


def make_histogram(bounds: Sequence[float]) -> list[float]:
    """An empty one: integers until the sum at its end."""
    return [0] * (len(bounds) + 1) + [0.0]


def add_samples(several: Iterable[Samples]) -> Samples:
    """All of them together."""
    total: dict[Key, tuple[float, ...]] = {}
    for samples in several:
        for key, numbers in samples.items():
            known = total.get(key)
            total[key] = numbers if known is None else tuple(map(sum, zip(known, numbers, strict=True)))
    return total


def subtract_samples(samples: Samples, earlier: Samples) -> Samples:
    """What was counted since. earlier: of the same replica, so no number is above its own in `samples`."""
    return {
        key: tuple(now - then for now, then in zip(numbers, earlier[key], strict=True)) if key in earlier else numbers
        for key, numbers in samples.items()
    }
