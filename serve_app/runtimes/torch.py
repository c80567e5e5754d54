"""The GPU runtime (and a CPU one, for comparison): torch, channels_last, normalisation on the device.

On CUDA a batch is staged in pinned memory, uploaded as uint8, padded to 1, 2, 4 ... max_batch_size and run as a CUDA
graph (`serve_app.runtimes.torch_staging`). On a CPU the module is simply called.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from serve_app.artifacts import Artifact
from serve_app.runtimes.batch_sizes import cut_batch
from serve_app.runtimes.torch_model import PixelModel, load_pixel_model
from serve_app.runtimes.torch_staging import CudaCalls, DeviceCalls, StagedModel


class TorchRuntime:
    """See `serve_app.runtimes.Runtime`. `calls` stands for CUDA in tests; otherwise CUDA is used where it is."""

    one_by_one = False

    def __init__(
        self, artifact: Artifact, *, num_threads: int, max_batch_size: int, calls: DeviceCalls | None = None
    ) -> None:
        self.card = artifact.card
        torch.set_num_threads(num_threads)
        if calls is None and torch.cuda.is_available():
            calls = CudaCalls()
        model = load_pixel_model(artifact)
        self._model: StagedModel | _CalledModel | None = (
            _CalledModel(model, max_batch_size=max_batch_size)
            if calls is None
            else StagedModel(
                model,
                calls,
                size=self.card.preprocessing.crop_size,
                num_classes=self.card.num_classes,
                max_batch_size=max_batch_size,
            )
        )

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """See `serve_app.runtimes.Runtime.infer`."""
        if self._model is None:
            raise RuntimeError("this runtime is closed")
        return self._model.infer(pixels)

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """See `serve_app.runtimes.Runtime.warm_up`. A GPU is prepared for every size that it will run."""
        if isinstance(self._model, StagedModel):
            self._model.warm_up()
        size = self.card.preprocessing.crop_size
        for batch_size in batch_sizes:
            self.infer(np.zeros((batch_size, size, size, 3), np.uint8))

    def close(self) -> None:
        """See `serve_app.runtimes.Runtime.close`."""
        if isinstance(self._model, StagedModel):
            self._model.close()
        self._model = None


class _CalledModel:
    """The module on a CPU, called with the pixels where they lie."""

    def __init__(self, model: PixelModel, *, max_batch_size: int) -> None:
        self._model = model
        self._max_batch_size = max_batch_size

    @torch.inference_mode()
    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        parts = []
        for part in cut_batch(len(pixels), self._max_batch_size):
            # torch takes no array that it may not write to or that runs backwards, though it only reads this one.
            readable = np.require(pixels[part], np.uint8, ["C", "W"])
            parts.append(self._model(torch.from_numpy(readable)).numpy())
        return np.concatenate(parts)
