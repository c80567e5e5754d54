"""The answer to compare with: torch, float32, in process, with the steps that the weights were published with.

Shares the catalog (architecture, weights, preprocessing numbers) with the product and nothing of its pipeline: the
photo is decoded whole, resized, then cropped, and normalised in float32.
"""

from pathlib import Path

import torch
from PIL import Image, ImageOps
from torchvision.transforms import InterpolationMode, functional

from serve_app.catalog import resolve


class TorchReference:
    """A catalog model in plain torch."""

    def __init__(self, spec: str, *, num_threads: int) -> None:
        torch.set_num_threads(num_threads)
        entry = resolve(spec)
        self._preprocessing = entry.preprocessing
        self._module = entry.load(entry.locate_weights(print))

    def classify(self, path: Path) -> list[int]:
        """Class ids, the highest logit first."""
        steps = self._preprocessing
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        resized = functional.resize(image, [steps.resize_size], InterpolationMode(steps.interpolation.value))
        cropped = functional.center_crop(resized, [steps.crop_size, steps.crop_size])
        tensor = functional.normalize(
            functional.to_tensor(cropped), list(steps.mean), list(steps.std)
        )  # float32 (3, H, W)
        with torch.inference_mode():
            logits = self._module(tensor[None])[0]  # (num_classes,)
        ids: list[int] = logits.argsort(descending=True, stable=True).tolist()
        return ids
