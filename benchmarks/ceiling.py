"""What the machine can do: Pillow and the same model in process, without HTTP.

Best of two ways to use the cores: one process with as many threads as cores, or as many processes as cores. The way of
one worker is Pillow with `draft`, a boxed resize, and OpenVINO with one thread; no queue, no JSON.
"""

import multiprocessing
import os
import queue
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.pillow_steps import Crop, read_pixels
from serve_app.artifacts import Artifact, open_artifact
from serve_app.runtimes import load_runtime

# A worker loads the model in a second; one that takes this long has failed.
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The better way and what an image costs.

    images_per_s: of the better way, `threads` or `processes`.
    cpu_ms: processor time of an image while all workers of that way work, in milliseconds.
    single_ms: median time of an image while one worker works alone, in milliseconds.
    helped_ms: the same with a further thread of the model on an idle core, as Argus has by default.
    """

    images_per_s: float
    way: str
    cpu_ms: float
    single_ms: float
    helped_ms: float


@dataclass(frozen=True, slots=True)
class _Share:
    """What one worker did: seconds of every image, and processor seconds of its thread."""

    durations_s: list[float]
    cpu_s: float


def _work(
    artifact: Artifact, images: Sequence[bytes], seconds: float, gates: tuple[Any, Any], out: Any, *, idle_threads: int
) -> None:
    ready, go = gates
    runtime = load_runtime(artifact, num_threads=1, idle_threads=idle_threads)
    steps = artifact.card.preprocessing
    crop = Crop(steps.resize_size, steps.crop_size)

    def classify(data: bytes) -> None:
        runtime.infer(read_pixels(data, crop)[None]).argmax()

    for data in images[:8]:
        classify(data)
    ready.release()
    go.wait()
    durations: list[float] = []
    cpu = time.thread_time()
    now = time.perf_counter()
    end = now + seconds
    while now < end:
        classify(images[len(durations) % len(images)])
        before, now = now, time.perf_counter()
        durations.append(now - before)
    out.put(_Share(durations, time.thread_time() - cpu))


def measure_ceiling(
    artifact_path: Path, images: Sequence[bytes], *, seconds: float, workers: int | None = None
) -> Ceiling:
    """Run both ways for `seconds` each, and one worker alone for as long, without help and with it."""
    artifact = open_artifact(artifact_path)
    cores = workers or os.cpu_count() or 1
    threads = (threading.Thread, _ThreadSide)
    context = multiprocessing.get_context("spawn")
    ways = {
        "threads": _run(threads, artifact, images, seconds=seconds, count=cores),
        "processes": _run((context.Process, context), artifact, images, seconds=seconds, count=cores),
    }
    (alone,) = _run(threads, artifact, images, seconds=seconds, count=1)
    # In a process of its own: the threads that help are the process's, and would serve the other ways too.
    (helped,) = _run((context.Process, context), artifact, images, seconds=seconds, count=1, idle_threads=1)
    rates = {way: sum(_rate(share) for share in shares) for way, shares in ways.items()}
    best = max(rates, key=lambda way: rates[way])
    images_done = sum(len(share.durations_s) for share in ways[best])
    cpu_s = sum(share.cpu_s for share in ways[best])
    return Ceiling(
        rates[best],
        best,
        cpu_s / images_done * 1e3,
        statistics.median(alone.durations_s) * 1e3,
        statistics.median(helped.durations_s) * 1e3,
    )


def _rate(share: _Share) -> float:
    return len(share.durations_s) / sum(share.durations_s)


class _ThreadSide:
    """The names that multiprocessing's contexts have, for threads."""

    Semaphore = threading.Semaphore
    Event = threading.Event
    Queue = queue.Queue


def _run(
    way: tuple[Any, Any],
    artifact: Artifact,
    images: Sequence[bytes],
    *,
    seconds: float,
    count: int,
    idle_threads: int = 0,
) -> list[_Share]:
    worker, side = way
    ready, go, out = side.Semaphore(0), side.Event(), side.Queue()
    task = (artifact, images, seconds, (ready, go), out)
    options = {"idle_threads": idle_threads}
    workers = [worker(target=_work, args=task, kwargs=options, daemon=True) for _ in range(count)]
    for one in workers:
        one.start()
    if not all(ready.acquire(timeout=_PATIENCE_S) for _ in workers):
        raise RuntimeError("A worker of the in-process measurement did not start; its error is above.")
    go.set()
    shares: list[_Share] = [out.get(timeout=seconds + _PATIENCE_S) for _ in workers]
    for one in workers:
        one.join()
    return shares
