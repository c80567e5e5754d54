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
from serve_app.runtimes.openvino_bands import band_early
from serve_app.runtimes.openvino_parts import split_late

# What an int8 graph computes outside its int8 layers: fp32 was as fast there as bf16, or faster (docs/decisions/0005).
_PRECISIONS = {"bf16": "bf16", "fp32": "f32", "int8": "f32"}

# How many images go through the late layers at once, the most that there are first. Each number takes 1.3 MB for code
# that is compiled for it; between four and eight there is little to gain.
_TOGETHER = (8, 4, 3, 2, 1)


class OpenVinoRuntime:
    """See `serve_app.runtimes.Runtime`.

    Compiled for one image: a graph of fixed shape takes a fifth less time than one of any batch size, and on a CPU
    eight images in one call take as long as eight calls. All but the last layers, that is: where those have many of
    the weights, they take all images of a call at once (`openvino_parts`), and no logit changes by it.

    No compiled model is kept on disk: it would save 80 ms of a start, and OpenVINO does not notice when such a file is
    damaged; its answers are then wrong.
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
        self.warm_up([1])

    def _load(self, artifact: Artifact, num_threads: int) -> None:
        ov = import_openvino()
        core = ov.Core()
        core.set_property({"ENABLE_MMAP": True})
        size = artifact.card.preprocessing.crop_size
        options = {
            "INFERENCE_PRECISION_HINT": _PRECISIONS[artifact.card.precision],
            "INFERENCE_NUM_THREADS": num_threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # The default pins every process to the same first CPUs: two replicas would share one of them.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            model = core.read_model(artifact.path / "model.xml")
            model.reshape([1, size, size, 3])
            if artifact.card.precision == "fp32":  # bf16 is half as large, and gained nothing where it was tried
                band_early(model)
            # Layers between the parts would leave int8 for the way; whether that pays was not measured.
            parts = split_late(model) if artifact.card.precision != "int8" else None
            requests = [core.compile_model(part, "CPU", options).create_infer_request() for part in parts or (model,)]
        except RuntimeError as error:
            raise ArtifactInvalid(f"OpenVINO cannot load {artifact.path}. Delete it; it will be made again.") from error
        self._request: Any = requests[0]
        # The graph reads from and writes to memory that is ours for good. Copying an image in takes microseconds, and
        # callers may pass arrays that OpenVINO cannot share, such as read-only ones.
        self._input = np.zeros((1, size, size, 3), np.uint8)
        self._request.set_input_tensor(ov.Tensor(self._input, shared_memory=True))
        self._late = _LateLayers(requests[1], tuple(parts[0].output(0).get_shape())[1:]) if parts else None

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """See `serve_app.runtimes.Runtime.infer`."""
        if self._request is None:
            raise RuntimeError("this runtime is closed")
        logits = np.empty((len(pixels), self.card.num_classes), np.float32)
        if self._late is None:
            for image, row in zip(pixels, logits, strict=True):
                row[:] = self._infer_one(image)
            return logits
        start = 0
        while start < len(pixels):
            end = start + next(count for count in _TOGETHER if count <= len(pixels) - start)
            for image, features in zip(pixels[start:end], self._late.inputs, strict=False):
                self._request.set_output_tensor(features)
                self._infer_one(image)
            logits[start:end] = self._late.infer(end - start)
            start = end
        return logits

    def _infer_one(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """What the graph, or its early part, says of one image. To be copied: the next image's will lie there too."""
        self._input[0] = image
        self._request.infer(share_outputs=True)  # the result that it returns is a copy otherwise
        output: npt.NDArray[np.float32] = self._request.get_output_tensor().data[0]
        return output

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """See `serve_app.runtimes.Runtime.warm_up`. The late layers prepare each number of images at its first use."""
        size = self.card.preprocessing.crop_size
        self.infer(np.zeros((1, size, size, 3), np.uint8))
        if self._late is not None:
            for count in _TOGETHER:
                if count <= max(batch_sizes):
                    self._late.infer(count)

    def close(self) -> None:
        """See `serve_app.runtimes.Runtime.close`."""
        self._request = self._late = None


class _LateLayers:
    """The late part of a graph, with room for what the early part makes of each image."""

    def __init__(self, request: Any, shape: tuple[int, ...]) -> None:
        ov = import_openvino()
        features = np.zeros((max(_TOGETHER), *shape), np.float32)
        self._request = request
        # Views into that memory: each image's, for the early part to write to, and the first few together.
        self.inputs = [ov.Tensor(features[i : i + 1], shared_memory=True) for i in range(len(features))]
        self._together = {count: ov.Tensor(features[:count], shared_memory=True) for count in _TOGETHER}

    def infer(self, count: int) -> npt.NDArray[np.float32]:
        """Logits of the first `count` features, one of _TOGETHER. To be copied: the next ones will lie there too."""
        self._request.set_input_tensor(self._together[count])
        self._request.infer(share_outputs=True)
        logits: npt.NDArray[np.float32] = self._request.get_output_tensor().data
        return logits
