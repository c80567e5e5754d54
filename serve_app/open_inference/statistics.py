"""What the statistics extension counts of each view: requests, images and where the time went, over all replicas."""

from typing import NamedTuple

from serve_app.classifier import Timing
from serve_app.meters import OPEN_INFERENCE, Samples


class Counts(NamedTuple):
    """Numbers of one view that add up. Times in nanoseconds, of whole requests: of their slowest image.

    images: in requests that succeeded. executions: batches of the model; of one that was shared, the share.
    """

    succeeded: float = 0
    succeeded_ns: float = 0
    failed: float = 0
    failed_ns: float = 0
    queue_ns: float = 0
    input_ns: float = 0
    infer_ns: float = 0
    output_ns: float = 0
    images: float = 0
    executions: float = 0


def count_success(
    slowest: Timing, *, total_s: float, input_s: float, output_s: float, batch_sizes: list[int]
) -> Counts:
    """A request that succeeded.

    total_s: all of it. input_s, output_s: reading it and making the answer. batch_sizes: one for each image, that of
    the batch which it was in.
    """
    return Counts(
        succeeded=1,
        succeeded_ns=_ns(total_s * 1e3),
        queue_ns=_ns(slowest.queue_ms),
        input_ns=_ns(input_s * 1e3 + slowest.decode_ms),
        infer_ns=_ns(slowest.inference_ms),
        output_ns=_ns(output_s * 1e3),
        images=len(batch_sizes),
        executions=sum(1 / size for size in batch_sizes),
    )


def count_failure(*, total_s: float) -> Counts:
    """A request that failed."""
    return Counts(failed=1, failed_ns=_ns(total_s * 1e3))


def find_counts(view: str, samples: Samples) -> Counts:
    """What was counted of a view."""
    return Counts(*samples.get((OPEN_INFERENCE, view), ()))


def _ns(ms: float) -> int:
    return round(ms * 1e6)
