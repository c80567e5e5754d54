"""The two sides of the comparison in one Ray Serve replica: `@serve.batch` works nowhere else.

The replica makes its own load, so that neither HTTP nor deployment handles are part of what is measured. Each
measurement gets a batcher of its own; on both sides one thread runs the model.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ray import serve

from benchmarks.batching_cases import GPU_BATCH_S, GPU_BATCH_SIZE, GPU_CAPACITY, Case, Outcome, Side
from benchmarks.batching_loads import Submit, run_alone, run_closed_loop, run_open_loop
from benchmarks.photos import read_photos
from serve_app.artifacts import Artifact
from serve_app.batching import Batcher
from serve_app.images import decode_image
from serve_app.preprocessing import preprocess
from serve_app.runtimes import load_runtime

_WARM_UP_S = 0.3
_MAX_PIXELS = 50_000_000

Run = Callable[[Sequence[int]], Sequence[int | Exception]]


class _Recorder:
    """A model's runs, counted."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.runs = self.items = 0
        self.seconds = 0.0

    def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        started = time.perf_counter()
        results = self._run(items)
        self.seconds += time.perf_counter() - started
        self.runs += 1
        self.items += len(items)
        return results


def _sleep_like_a_gpu(items: Sequence[int]) -> Sequence[int | Exception]:
    """The host waits, and its processor has nothing to do."""
    time.sleep(GPU_BATCH_S)
    return list(items)


def _load_default_model(artifact: Artifact, folder: Path) -> Run:
    """The default model in OpenVINO with one thread, on the pixels of photos, decoded beforehand."""
    runtime = load_runtime(artifact, num_threads=1)
    steps = artifact.card.preprocessing
    photos = [
        preprocess(decode_image(photo, max_pixels=_MAX_PIXELS, min_side=steps.resize_size).pixels, steps)
        for photo in read_photos(folder)
    ]
    runtime.warm_up([1])

    def run(items: Sequence[int]) -> list[int | Exception]:
        batch = np.stack([photos[item % len(photos)] for item in items])  # (N, H, W, 3)
        return [int(logits.argmax()) for logits in runtime.infer(batch)]

    return run


@contextmanager
def _open_side(side: Side, run: Run) -> Iterator[Submit]:
    if side.wait_s is None:
        batcher: Batcher[int, int] = Batcher(run, max_batch_size=side.max_batch_size, max_queue=100_000)
        yield batcher.submit
        batcher.close()
        return
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()

    @serve.batch(max_batch_size=side.max_batch_size, batch_wait_timeout_s=side.wait_s)
    async def submit(items: list[int]) -> Sequence[int | Exception]:
        return await loop.run_in_executor(thread, run, items)

    yield submit
    thread.shutdown()


@serve.deployment(max_ongoing_requests=GPU_BATCH_SIZE)
class Comparison:
    """Measures one case at a time."""

    def __init__(self, artifact: Artifact, folder: Path) -> None:
        self._models: dict[str, Run] = {
            "gpu": _sleep_like_a_gpu,
            "cpu": _load_default_model(artifact, folder),
            "none": list,
        }

    async def measure(self, case: Case, seconds: float, seed: int) -> Outcome:
        """seed: of the times at which requests come; the same for all sides of a round."""
        model = _Recorder(self._models[case.model])
        with _open_side(case.side, model) as submit:
            span = {"seconds": seconds, "warm_up_s": _WARM_UP_S}
            match case.load:
                case "open":
                    rate = case.amount * GPU_CAPACITY
                    load = await run_open_loop(submit, rate=rate, seed=seed, **span)
                case "closed":
                    load = await run_closed_loop(submit, callers=int(case.amount), **span)
                case _:
                    load = await run_alone(submit, requests=int(case.amount), pause_s=0.01)
        return Outcome(load, model.items / model.runs, model.seconds / model.runs)
