"""What the machine can do: the same decoding and the same model in process, without HTTP.

Best of two ways to use the cores: one process with as many threads as cores, or as many processes as cores. The way of
one worker is Pillow with `draft`, a boxed resize, and OpenVINO with one thread; no queue, no JSON.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve_app.artifacts import Artifact, open_artifact
from serve_app.images import decode_image
from serve_app.preprocessing import preprocess
from serve_app.runtimes import load_runtime


@dataclass(frozen=True, slots=True)
class Ceiling:
    """images/s of the better way, and what an image costs in one worker."""

    images_per_s: float
    way: str
    cpu_ms: float
    single_ms: float


def _work(artifact: Artifact, images: Sequence[bytes], seconds: float, gates: tuple[Any, Any], out: Any) -> None:
    ready, go = gates
    runtime = load_runtime(artifact, num_threads=1)
    steps = artifact.card.preprocessing

    def classify(data: bytes) -> None:
        image = decode_image(data, max_pixels=50_000_000, min_side=steps.resize_size)
        runtime.infer(preprocess(image.pixels, steps)[None]).argmax()

    for data in images[:8]:
        classify(data)
    ready.release()
    go.wait()
    count = 0
    cpu = time.thread_time()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        classify(images[count % len(images)])
        count += 1
    out.put((count, time.thread_time() - cpu))


def measure_ceiling(
    artifact_path: Path, images: Sequence[bytes], *, seconds: float, workers: int | None = None
) -> Ceiling:
    """Run both ways for `seconds` each, and one worker alone for as long."""
    artifact = open_artifact(artifact_path)
    cores = workers or os.cpu_count() or 1
    threads = (threading.Thread, _ThreadSide)
    context = multiprocessing.get_context("spawn")
    by_threads, cpu_threads = _run(threads, artifact, images, seconds=seconds, count=cores)
    by_processes, cpu_processes = _run((context.Process, context), artifact, images, seconds=seconds, count=cores)
    alone, _ = _run(threads, artifact, images, seconds=seconds, count=1)
    best = max(by_threads, by_processes)
    cpu_ms = cpu_processes if by_processes >= by_threads else cpu_threads
    return Ceiling(best, "processes" if by_processes >= by_threads else "threads", cpu_ms, 1e3 / alone)


class _ThreadSide:
    """The names that multiprocessing's contexts have, for threads."""

    Semaphore = threading.Semaphore
    Event = threading.Event

    @staticmethod
    def Queue() -> Any:  # noqa: N802  # the name that multiprocessing gives it
        import queue

        return queue.Queue()


def _run(
    way: tuple[Any, Any], artifact: Artifact, images: Sequence[bytes], *, seconds: float, count: int
) -> tuple[float, float]:
    worker, side = way
    ready, go, out = side.Semaphore(0), side.Event(), side.Queue()
    workers = [worker(target=_work, args=(artifact, images, seconds, (ready, go), out)) for _ in range(count)]
    for one in workers:
        one.start()
    for _ in workers:
        ready.acquire()
    go.set()
    results = [out.get() for _ in workers]
    for one in workers:
        one.join()
    images_done = sum(done for done, _ in results)
    return images_done / seconds, sum(cpu for _, cpu in results) / images_done * 1e3
