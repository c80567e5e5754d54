"""What a client sends that preprocesses photos itself, exactly as the model's card says."""

from collections.abc import Sequence

import httpx
import numpy as np
import numpy.typing as npt
from PIL import Image

from serve_app.preprocessing import Preprocessing, preprocess
from tests.photos import EXAMPLES

MODEL = "efficientnet_lite0"


def normalise_photos(url: str, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Bundled photos for the default model of a service: (N, 3, H, W)."""
    card = httpx.get(f"{url}/v1/models/{MODEL}", timeout=30).json()
    preprocessing = Preprocessing.from_dict(card["preprocessing"])
    pixels = [preprocess(Image.open(EXAMPLES / f"{name}.jpg").convert("RGB"), preprocessing) for name in names]
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    return ((np.stack(pixels) / 255 - mean) / std).transpose(0, 3, 1, 2).astype(np.float32)
