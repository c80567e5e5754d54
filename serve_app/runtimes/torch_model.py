"""Artifact -> a torch module that takes uint8 pixels and has its normalisation inside, for any device."""

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from serve_app.artifacts import Artifact
from serve_app.catalog import parse_spec, resolve
from serve_app.errors import ArtifactInvalid
from serve_app.preprocessing import Preprocessing


class PixelModel(nn.Module):
    """pixels uint8 (N, H, W, 3), RGB, 0-255 -> logits float32 (N, classes), in eval mode.

    module: takes images (N, 3, H, W), normalised, of its own dtype; it is put into channels_last.
    """

    _scale: torch.Tensor  # float32 (1, 3, 1, 1), like _shift
    _shift: torch.Tensor

    def __init__(self, module: nn.Module, preprocessing: Preprocessing, dtype: torch.dtype) -> None:
        super().__init__()
        self._module = _cast(module, dtype).to(memory_format=torch.channels_last).eval()
        self._dtype = dtype
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (preprocessing.mean, preprocessing.std))
        self.register_buffer("_scale", 1 / (255 * std))
        self.register_buffer("_shift", -mean / std)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalise in float32, with one operation that writes the module's dtype and layout."""
        planes = pixels.permute(0, 3, 1, 2)  # (N, 3, H, W); as it lies in memory, this is channels_last already
        images = torch.empty_like(planes, dtype=self._dtype, memory_format=torch.channels_last)
        torch.addcmul(self._shift, planes, self._scale, out=images)
        logits: torch.Tensor = self._module(images)  # (N, classes)
        return logits.float()


def load_pixel_model(artifact: Artifact) -> PixelModel:
    """The architecture comes from the catalog, the weights from the artifact. Raises ArtifactInvalid."""
    card = artifact.card
    entry = resolve(card.name if parse_spec(card.name).is_packaged else f"{card.name}:{card.weights}")
    module = entry.finish(entry.build())
    try:
        module.load_state_dict(load_file(artifact.path / "weights.safetensors"))
    except Exception as error:  # safetensors raises a type of its own, torch RuntimeError, the system OSError
        raise ArtifactInvalid(f"{artifact.path} cannot be loaded. Delete it; it will be made again.") from error
    return PixelModel(module, card.preprocessing, torch.bfloat16 if card.precision == "bf16" else torch.float32)


def _cast(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Weights in `dtype`, once and for all; autocast would convert them again at every call.

    Batch norms keep float32: their variances span too many magnitudes for 8 bits, and they accept bf16 images as is.
    """
    module = module.to(dtype)
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.float()
    return module
