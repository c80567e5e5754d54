"""The GPU runtime (and a CPU one, for comparison): torch, channels_last, normalisation on the device."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn

from serve_app.artifacts import Artifact
from serve_app.catalog import parse_spec, resolve
from serve_app.errors import ArtifactInvalid


class TorchRuntime:
    """See `serve_app.runtimes.Runtime`. The architecture comes from the catalog, the weights from the artifact."""

    def __init__(self, artifact: Artifact, *, num_threads: int, max_batch_size: int) -> None:
        self.card = artifact.card
        self._max_batch_size = max_batch_size
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_num_threads(num_threads)
        self._module: nn.Module | None = _load(artifact).to(memory_format=torch.channels_last).to(self._device)
        preprocessing = artifact.card.preprocessing
        self._mean = torch.tensor(preprocessing.mean, device=self._device).mul(255).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocessing.std, device=self._device).mul(255).view(1, 3, 1, 1)

    @torch.inference_mode()
    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """See `serve_app.runtimes.Runtime.infer`."""
        if self._module is None:
            raise RuntimeError("this runtime is closed")
        parts = []
        for start in range(0, len(pixels), self._max_batch_size):
            part = np.require(pixels[start : start + self._max_batch_size], np.uint8, ["C", "W"])
            images = torch.from_numpy(part).to(self._device).permute(0, 3, 1, 2)  # (N, 3, H, W), already channels_last
            images = (images.float() - self._mean) / self._std
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self.card.precision == "bf16"):
                logits = self._module(images)
            parts.append(logits.float().cpu().numpy())
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """See `serve_app.runtimes.Runtime.warm_up`."""
        size = self.card.preprocessing.crop_size
        for batch_size in batch_sizes:
            self.infer(np.zeros((batch_size, size, size, 3), np.uint8))

    def close(self) -> None:
        """See `serve_app.runtimes.Runtime.close`."""
        self._module = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def _load(artifact: Artifact) -> nn.Module:
    card = artifact.card
    entry = resolve(card.name if parse_spec(card.name).is_packaged else f"{card.name}:{card.weights}")
    module = entry.finish(entry.build())
    try:
        module.load_state_dict(load_file(artifact.path / "weights.safetensors"))
    except Exception as error:  # safetensors raises a type of its own, torch RuntimeError, the system OSError
        raise ArtifactInvalid(f"{artifact.path} cannot be loaded. Delete it; it will be made again.") from error
    return module.eval()
