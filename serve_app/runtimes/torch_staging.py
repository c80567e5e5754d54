"""Batches on a device that works asynchronously: staged, uploaded as uint8, padded to prepared sizes, fetched once.

Everything here but `CudaCalls` is tested on a CPU as well; tests/integration/test_cuda.py needs a GPU. What it does on
an H200 is in benchmarks/RESULTS.md.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from serve_app.runtimes.batch_sizes import cut_batch, list_batch_sizes, pad_batch_size

log = logging.getLogger(__name__)

Run = Callable[[], torch.Tensor]
"""Runs the model on the pixels that lie on the device; float32 (batch size, num_classes), good until the next run."""

# Runs before a batch size is recorded: cuDNN chooses its algorithms and allocates in the first ones.
_RUNS_BEFORE_CAPTURE = 3


class DeviceCalls(Protocol):
    """What `StagedModel` asks of a device, in the order of one stream of work."""

    device: torch.device

    def allocate_staging(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Memory of the host, uint8, that the device can read by itself."""

    def in_stream(self) -> AbstractContextManager[object]:
        """Work that is started inside goes to this runtime's own stream."""

    def upload(self, source: torch.Tensor, target: torch.Tensor) -> None:
        """Start to copy staging memory to the device; returns at once."""

    def wait_for_upload(self) -> None:
        """Block until the last upload has read its source, which may then be written to."""

    def fetch(self, source: torch.Tensor) -> torch.Tensor:
        """The same on the host, in memory of its own; blocks until the device has come so far."""

    def record(self, run: Run) -> Run:
        """Record everything that `run` starts, and give back what repeats it with one call.

        Raises RuntimeError when that cannot be done.
        """

    def release(self) -> None:
        """Give memory that nobody uses back to the device."""


class StagedModel:
    """A `PixelModel` on a device.

    One piece of host memory and one on the device hold a batch, allocated once. A batch goes up as uint8, a quarter of
    float32's bytes, while nothing waits for it, and only its own rows: the rest of the prepared size is what the last
    batch left there, and since a model in eval mode looks at each image by itself, its logits are thrown away unread.
    """

    def __init__(
        self, model: nn.Module, calls: DeviceCalls, *, size: int, num_classes: int, max_batch_size: int
    ) -> None:
        """size: side of the images, in pixels."""
        self._calls = calls
        self._model = model.to(calls.device)
        self._num_classes = num_classes
        self._max_batch_size = max_batch_size
        self._sizes = list_batch_sizes(max_batch_size)
        shape = (max_batch_size, size, size, 3)
        with calls.in_stream():  # what fills the memory comes before what uses it
            self._pixels = torch.zeros(shape, dtype=torch.uint8, device=calls.device)
        self._staging = calls.allocate_staging(shape)
        self._staging_rows: npt.NDArray[np.uint8] = self._staging.numpy()
        self._runs: dict[int, Run] = {}

    def warm_up(self) -> None:
        """Record every prepared size; where that fails, say why and run those sizes without a recording."""
        with torch.inference_mode(), self._calls.in_stream():
            for size in reversed(self._sizes):  # the largest first: the smaller ones then fit into its memory
                try:
                    self._runs[size] = self._calls.record(self._run_eagerly(size))
                except RuntimeError as error:
                    log.warning("batches of %d and less run without a CUDA graph: %s", size, error)
                    return

    @property
    def recorded_sizes(self) -> tuple[int, ...]:
        """The batch sizes that have a recording."""
        return tuple(self._runs)

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """pixels: uint8 (N, size, size, 3), RGB, 0-255 -> logits float32 (N, num_classes), in memory of their own."""
        with torch.inference_mode(), self._calls.in_stream():
            logits = torch.empty((len(pixels), self._num_classes), device=self._calls.device)
            for part in cut_batch(len(pixels), self._max_batch_size):
                count = part.stop - part.start
                self._upload(pixels[part])
                size = pad_batch_size(count, self._sizes)
                run = self._runs.get(size) or self._run_eagerly(size)
                logits[part].copy_(run()[:count])
            return np.asarray(self._calls.fetch(logits).numpy(), np.float32)  # the one point that waits for the device

    def close(self) -> None:
        """Let go of the recordings and the device's memory."""
        self._runs.clear()
        del self._model, self._pixels, self._staging, self._staging_rows
        self._calls.release()

    def _upload(self, part: npt.NDArray[np.uint8]) -> None:
        self._calls.wait_for_upload()
        count = len(part)
        np.copyto(self._staging_rows[:count], part)
        self._calls.upload(self._staging[:count], self._pixels[:count])

    def _run_eagerly(self, size: int) -> Run:
        return lambda: self._model(self._pixels[:size])


class CudaCalls:
    """`DeviceCalls` for the current CUDA device.

    Whoever waits for the device sleeps: by default CUDA spins, and a core that spins decodes no images.
    """

    def __init__(self) -> None:
        self.device = torch.device("cuda")
        # Batch sizes are few and fixed, so a search for the fastest convolution pays for itself in the warm-up.
        torch.backends.cudnn.benchmark = True
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch gives its constructor no types
        self._uploaded = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]  # untyped in torch
        self._fetched = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]  # untyped in torch
        self._pool = torch.cuda.graph_pool_handle()

    def allocate_staging(self, shape: tuple[int, ...]) -> torch.Tensor:
        """See `DeviceCalls.allocate_staging`."""
        return torch.empty(shape, dtype=torch.uint8, pin_memory=True)

    def in_stream(self) -> AbstractContextManager[object]:
        """See `DeviceCalls.in_stream`."""
        return torch.cuda.stream(self._stream)

    def upload(self, source: torch.Tensor, target: torch.Tensor) -> None:
        """See `DeviceCalls.upload`."""
        target.copy_(source, non_blocking=True)
        self._uploaded.record(self._stream)

    def wait_for_upload(self) -> None:
        """See `DeviceCalls.wait_for_upload`. An event that was never recorded does not block."""
        self._uploaded.synchronize()

    def fetch(self, source: torch.Tensor) -> torch.Tensor:
        """See `DeviceCalls.fetch`. torch keeps pinned memory that is no longer used for the next call."""
        target = torch.empty(source.shape, dtype=source.dtype, pin_memory=True)
        target.copy_(source, non_blocking=True)
        self._fetched.record(self._stream)
        self._fetched.synchronize()
        return target

    def record(self, run: Run) -> Run:
        """See `DeviceCalls.record`: a CUDA graph; all of them share one pool, since one runs at a time."""
        for _ in range(_RUNS_BEFORE_CAPTURE):
            run()
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        # thread_local: what another model's thread does meanwhile must not break the capture.
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            logits = run()

        def repeat() -> torch.Tensor:
            graph.replay()
            return logits

        return repeat

    def release(self) -> None:
        """See `DeviceCalls.release`."""
        self._stream.synchronize()
        torch.cuda.empty_cache()
