"""How many photos this machine's processor decodes beside a GPU. Imports no torch: its processes start often."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from serve_app.decoding import ImageDecoder
from serve_app.preprocessing import Pixels, Preprocessing

DECODE_THREADS = (1, 2, 4, 8)
_MAX_PIXELS = 50_000_000
_WARM_UP_S = 0.2


def decode_all(photos: Sequence[bytes], steps: Preprocessing) -> Pixels:
    """uint8 (N, crop_size, crop_size, 3), as the service makes them."""
    decoder = ImageDecoder(steps, max_pixels=_MAX_PIXELS, threads=0, name="gpu")
    return np.stack([decoder.decode(photo).pixels for photo in photos])


def measure_decoding(photos: Sequence[bytes], steps: Preprocessing, seconds: float) -> Iterator[tuple[str, int, float]]:
    """Way, workers and photos a second: of threads in one process, and of as many processes as cores."""
    cores = os.cpu_count() or 1
    for threads in sorted({*DECODE_THREADS, cores}):
        yield "threads", threads, _decode_in_threads(photos, steps, threads, seconds)
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        jobs = [(photos, steps, 1, seconds)] * cores
        pool.starmap(_decode_in_threads, [(photos, steps, 1, _WARM_UP_S)] * cores, chunksize=1)  # and their imports
        yield "processes", cores, sum(pool.starmap(_decode_in_threads, jobs, chunksize=1))


def _decode_in_threads(photos: Sequence[bytes], steps: Preprocessing, threads: int, seconds: float) -> float:
    decoder = ImageDecoder(steps, max_pixels=_MAX_PIXELS, threads=0, name="gpu")
    counts = [0] * threads
    began = time.perf_counter()
    end = began + seconds

    def work(number: int) -> None:
        while time.perf_counter() < end:
            decoder.decode(photos[(number * 7 + counts[number]) % len(photos)])
            counts[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - began)
