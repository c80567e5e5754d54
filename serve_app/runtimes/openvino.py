"""The CPU runtime: an OpenVINO graph that takes uint8 pixels and has its normalisation inside. Imports no torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serve_app.artifacts import Artifact
from serve_app.errors import ArtifactInvalid
from serve_app.openvino_import import import_openvino

_PRECISIONS = {"bf16": "bf16", "fp32": "f32"}


class OpenVinoRuntime:
    """See `serve_app.runtimes.Runtime`."""

    def __init__(
        self,
        artifact: Artifact,
        *,
        num_threads: int,
        max_batch_size: int,
        cache_dir: Path | None,
    ) -> None:
        self.card = artifact.card
        self._max_batch_size = max_batch_size
        self._ov = import_openvino()
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _PRECISIONS[artifact.card.precision],
            "INFERENCE_NUM_THREADS": num_threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # The default pins every process to the same first CPUs: two replicas would share one of them.
            "ENABLE_CPU_PINNING": False,
        }
        if cache_dir is not None:
            options["CACHE_DIR"] = str(cache_dir)
        core = self._ov.Core()
        core.set_property({"ENABLE_MMAP": True})
        try:
            self._model: Any = core.compile_model(str(artifact.path / "model.xml"), "CPU", options)
        except RuntimeError as error:
            raise ArtifactInvalid(f"OpenVINO cannot load {artifact.path}. Delete it; it will be made again.") from error
        self._request: Any = self._model.create_infer_request()

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """See `serve_app.runtimes.Runtime.infer`."""
        if len(pixels) > self._max_batch_size:
            parts = range(0, len(pixels), self._max_batch_size)
            return np.concatenate([self.infer(pixels[start : start + self._max_batch_size]) for start in parts])
        pixels = np.require(pixels, np.uint8, ["C", "W"])  # what OpenVINO can share; read-only arrays are copied
        self._request.set_input_tensor(self._ov.Tensor(pixels, shared_memory=True))
        self._request.infer()
        logits: npt.NDArray[np.float32] = self._request.get_output_tensor().data.copy()
        return logits

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """See `serve_app.runtimes.Runtime.warm_up`."""
        size = self.card.preprocessing.crop_size
        for batch_size in batch_sizes:
            self.infer(np.zeros((batch_size, size, size, 3), np.uint8))

    def close(self) -> None:
        """See `serve_app.runtimes.Runtime.close`."""
        self._request = self._model = None
