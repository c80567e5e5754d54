"""One model on this machine's GPU, in process: what the model can do without HTTP.

    python -m benchmarks.gpu_model --images FOLDER [--model resnet50] [--seconds 2]

Prints one JSON object a line, {"what": ..., ...}, as it goes; `benchmarks.gpu` runs it in a process of its own, so that
the GPU is free again when the service starts. Without a GPU everything runs on the processor, to try the program out.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_decoding import DECODE_THREADS, decode_all
from benchmarks.photos import read_photos
from serve_app.artifacts import Artifact, artifact_root, ensure_artifact
from serve_app.fused import FusedClassifier
from serve_app.preprocessing import Pixels
from serve_app.runtimes import Runtime, load_runtime
from serve_app.runtimes.batch_sizes import list_batch_sizes
from serve_app.runtimes.torch_model import load_pixel_model
from serve_app.runtimes.torch_staging import CudaCalls
from serve_app.settings import Settings

_HAS_GPU = torch.cuda.is_available()
_LARGEST_BATCH = 256 if _HAS_GPU else 2
_CALLERS = 256 if _HAS_GPU else 4
_LEAST_RUNS, _DEADLINE_S = 5, 30.0


def tell(what: str, **facts: Any) -> None:
    """One finding, as a line of JSON."""
    print(json.dumps({"what": what, **facts}), flush=True)


def time_calls(call: Callable[[int], object], seconds: float) -> float:
    """The median time of a call in seconds; it gets the number of the call."""
    durations: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(durations) < _LEAST_RUNS:
        began = time.perf_counter()
        call(len(durations))
        durations.append(time.perf_counter() - began)
    return statistics.median(durations)


def compare_with_float32(artifact: Artifact, pixels: Pixels) -> None:
    """The runtime's logits beside those of torch in float32 on the processor: same top-1, and the relative error."""
    torch.set_num_threads(os.cpu_count() or 1)
    exact = load_pixel_model(replace(artifact, card=replace(artifact.card, precision="fp32")))
    with torch.inference_mode():
        expected = exact(torch.from_numpy(pixels)).numpy()  # (N, num_classes)
    runtime = load_runtime(artifact, max_batch_size=len(pixels))
    runtime.warm_up([])
    given = runtime.infer(pixels)
    runtime.close()
    same = float((given.argmax(1) == expected.argmax(1)).mean())
    error = float(np.linalg.norm(given - expected) / np.linalg.norm(expected))
    tell("agreement", model=artifact.card.name, photos=len(pixels), same_top1=same, relative_error=error)


def measure_model(artifact: Artifact, pixels: Pixels, seconds: float) -> None:
    """Milliseconds of one call, at every prepared size, with recordings and without; photos of several batches."""
    many = np.concatenate([pixels] * (2 * _LARGEST_BATCH // len(pixels) + 1))
    for recorded in (True, False):
        runtime = load_runtime(artifact, max_batch_size=_LARGEST_BATCH)
        began = time.perf_counter()
        if recorded:
            runtime.warm_up([])
        tell("warm_up", recorded=recorded, seconds=time.perf_counter() - began)
        for size in list_batch_sizes(_LARGEST_BATCH):
            call = partial(_infer_in_turn, runtime, many, size)
            for number in range(_LEAST_RUNS):
                call(number)
            tell("model", recorded=recorded, batch=size, ms=time_calls(call, seconds / 4) * 1e3)
        runtime.close()


def _infer_in_turn(runtime: Runtime, many: Pixels, size: int, number: int) -> None:
    start = number * size % _LARGEST_BATCH
    runtime.infer(many[start : start + size])


def measure_steps(artifact: Artifact, pixels: Pixels, size: int, seconds: float, *, compiled: bool) -> None:
    """Where the time of a batch goes on a GPU. compiled: with what torch.compile makes of the model."""
    calls = CudaCalls()
    model = load_pixel_model(artifact).to(calls.device)
    began = time.perf_counter()
    if compiled:
        model.compile()
    batch = np.concatenate([pixels] * (size // len(pixels) + 1))[:size]
    staging = calls.allocate_staging(batch.shape)
    rows = staging.numpy()
    with torch.inference_mode(), calls.in_stream():
        there = torch.zeros(batch.shape, dtype=torch.uint8, device=calls.device)
        run = calls.record(lambda: model(there))
        tell("recorded", batch=size, compiled=compiled, seconds=time.perf_counter() - began)

        def upload(_: int) -> None:
            calls.upload(staging, there)
            calls.wait_for_upload()

        def compute(_: int) -> None:
            run()
            torch.cuda.current_stream().synchronize()

        def fetch(_: int) -> object:
            return run().cpu()

        steps: dict[str, Callable[[int], object]] = {
            "copy to staging memory": lambda _: np.copyto(rows, batch),
            "upload": upload,
            "model": compute,
            "model and fetch": fetch,
        }
        for name, step in steps.items():
            tell("step", batch=size, compiled=compiled, name=name, ms=time_calls(step, seconds / 4) * 1e3)


async def measure_fused(artifact: Artifact, photos: Sequence[bytes], threads: int, seconds: float) -> None:
    """A fused replica without HTTP: photos in, best classes out, `_CALLERS` at a time."""
    settings = Settings.model_validate(
        {
            "inference": {"decode_threads": threads, "max_batch_size": min(64, _LARGEST_BATCH)},
            "overload": {"max_pending_images": max(64, 2 * _CALLERS)},
        }
    )
    runtime = load_runtime(artifact, max_batch_size=min(64, _LARGEST_BATCH))
    runtime.warm_up([])
    classifier = FusedClassifier(runtime, settings, name="gpu")
    done = 0
    begin = time.monotonic() + 1.0
    end = begin + seconds

    async def drive(number: int) -> None:
        nonlocal done
        while time.monotonic() < end:
            photo = photos[number % len(photos)]
            await classifier.classify(photo, top_k=5, min_score=0.0, deadline=end + _DEADLINE_S)
            done += begin <= time.monotonic() < end
            number += 1

    cpu = time.process_time()
    began = time.monotonic()
    await asyncio.gather(*(drive(number) for number in range(_CALLERS)))
    busy = (time.process_time() - cpu) / (time.monotonic() - began)
    interval_ms = sys.getswitchinterval() * 1e3
    tell("fused", decode_threads=threads, switch_interval_ms=interval_ms, images_per_s=done / seconds, cores=busy)
    await asyncio.to_thread(classifier.close)


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="One model on this machine's GPU, in process.")
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--compare", nargs="*", default=[], help="models whose answers are compared with float32")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each measurement")
    parser.add_argument("--compile", action="store_true", help="torch.compile as well; it takes a minute")
    parser.add_argument("--fused-only", action="store_true", help="only decoder and model together")
    options = parser.parse_args()
    photos = read_photos(options.images)
    gpu = torch.cuda.get_device_name() if _HAS_GPU else None
    tell("machine", gpu=gpu, cores=os.cpu_count(), torch=torch.__version__)
    artifacts = {
        name: ensure_artifact(name, runtime="torch", root=artifact_root())
        for name in dict.fromkeys([options.model, *options.compare])
    }
    artifact = artifacts[options.model]
    pixels = decode_all(photos, artifact.card.preprocessing)
    for name in options.compare:
        compare_with_float32(artifacts[name], decode_all(photos, artifacts[name].card.preprocessing))
    if not options.fused_only:
        measure_model(artifact, pixels, options.seconds)
        if _HAS_GPU:
            measure_steps(artifact, pixels, 64, options.seconds, compiled=False)
    for threads in DECODE_THREADS:
        asyncio.run(measure_fused(artifact, photos, threads, options.seconds))
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    for threads in DECODE_THREADS:
        asyncio.run(measure_fused(artifact, photos, threads, options.seconds))
    sys.setswitchinterval(usual)
    if _HAS_GPU and options.compile:
        measure_steps(artifact, pixels, 64, options.seconds, compiled=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
