"""The CPU runtime: an OpenVINO graph that takes uint8 pixels and has its normalisation inside. Imports no torch."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from serve_app.artifacts import Artifact
from serve_app.errors import ArtifactInvalid
from serve_app.openvino_import import import_openvino
from serve_app.runtimes.idle_threads import count_idle_threads, start_idle_threads

# What an int8 graph computes outside its int8 layers: fp32 was as fast there as bf16, or faster (docs/decisions/0005).
_PRECISIONS = {"bf16": "bf16", "fp32": "f32", "int8": "f32"}


class OpenVinoRuntime:
    """See `serve_app.runtimes.Runtime`.

    Compiled for one image: a graph of fixed shape takes a fifth less time than one of any batch size, and on a CPU
    eight images in one call take as long as eight calls. No compiled model is kept on disk: it would save 80 ms of a
    start, and OpenVINO does not notice when such a file is damaged; its answers are then wrong.
    """

    one_by_one = True

    def __init__(self, artifact: Artifact, *, num_threads: int, idle_threads: int = 0) -> None:
        self.card = artifact.card
        helpers = count_idle_threads(idle_threads, num_threads=num_threads)
        if helpers:
            start_idle_threads(partial(self._load_and_run, artifact, num_threads + helpers))
        else:
            self._load(artifact, num_threads)

    def _load_and_run(self, artifact: Artifact, num_threads: int) -> None:
        """As `_load`, with a first inference: OpenVINO starts its threads when there is work for them."""
        self._load(artifact, num_threads)
        self._request.infer()

    def _load(self, artifact: Artifact, num_threads: int) -> None:
        ov = import_openvino()
        core = ov.Core()
        core.set_property({"ENABLE_MMAP": True})
        size = artifact.card.preprocessing.crop_size
        try:
            model = core.read_model(artifact.path / "model.xml")
            model.reshape([1, size, size, 3])
            compiled = core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": _PRECISIONS[artifact.card.precision],
                    "INFERENCE_NUM_THREADS": num_threads,
                    "NUM_STREAMS": 1,
                    "PERFORMANCE_HINT": "LATENCY",
                    # The default pins every process to the same first CPUs: two replicas would share one of them.
                    "ENABLE_CPU_PINNING": False,
                },
            )
        except RuntimeError as error:
            raise ArtifactInvalid(f"OpenVINO cannot load {artifact.path}. Delete it; it will be made again.") from error
        self._request: Any = compiled.create_infer_request()
        # The graph reads from and writes to memory that is ours for good. Copying an image in takes microseconds, and
        # callers may pass arrays that OpenVINO cannot share, such as read-only ones.
        self._input = np.zeros((1, size, size, 3), np.uint8)
        self._request.set_input_tensor(ov.Tensor(self._input, shared_memory=True))

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """See `serve_app.runtimes.Runtime.infer`."""
        if self._request is None:
            raise RuntimeError("this runtime is closed")
        logits = np.empty((len(pixels), self.card.num_classes), np.float32)
        for image, row in zip(pixels, logits, strict=True):
            self._input[0] = image
            self._request.infer()
            row[:] = self._request.get_output_tensor().data[0]
        return logits

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """See `serve_app.runtimes.Runtime.warm_up`. The compiled shape is the same for every batch size."""
        size = self.card.preprocessing.crop_size
        self.infer(np.zeros((min(batch_sizes), size, size, 3), np.uint8))

    def close(self) -> None:
        """See `serve_app.runtimes.Runtime.close`."""
        self._request = None
