"""Input tensors -> what the model's queue takes: encoded images, or pixels.

The tensor view takes what its own preprocessing makes of a photo: (x / 255 - mean) / std, channels first. The runtimes
take the uint8 x and normalise themselves, so the view turns that around. Rounding to the nearest of 256 levels gives
every x back exactly, also where a client computed in half precision: its error is far below half a level.
"""

from collections.abc import Sequence

import numpy as np

from serve_app.errors import MalformedRequest, PayloadTooLarge
from serve_app.open_inference.tensors import Floats, InputTensor, read_bytes, read_floats
from serve_app.open_inference.views import View
from serve_app.preprocessing import Pixels, Preprocessing
from serve_app.settings import LimitSettings

# How far beyond black and white a level may lie, of 0 to 255. Resampling in floats overshoots by a quarter of that
# range at most, and is cut off here as it would be in an image; a tensor that was normalised otherwise goes further.
_MARGIN = 128.0


def read_input(view: View, inputs: Sequence[InputTensor], limits: LimitSettings) -> Sequence[bytes | Pixels]:
    """The images of a request, at least one. Raises MalformedRequest, PayloadTooLarge."""
    tensor = _find_tensor(view, inputs)
    _check_shape(view, tensor, limits)
    if view.takes_tensor:
        return list(restore_pixels(read_floats(tensor), view.model.card.preprocessing))
    images = read_bytes(tensor)
    if any(len(image) > limits.max_image_bytes for image in images):
        raise PayloadTooLarge(f"An image is larger than {limits.max_image_bytes} bytes. Send a smaller version of it.")
    return images


def restore_pixels(planes: Floats, preprocessing: Preprocessing) -> Pixels:
    """The pixels that a normalised tensor was made of.

    planes: float32 (N, 3, H, W), RGB, (x / 255 - mean) / std. Returns uint8 (N, H, W, 3), 0-255.
    Raises MalformedRequest where the numbers cannot have come from pixels.
    """
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (preprocessing.mean, preprocessing.std))
    with np.errstate(over="ignore", invalid="ignore"):  # what cannot be a level is refused, whatever it is
        levels = planes * (std * 255) + mean * 255  # (N, 3, H, W)
    lowest, highest = float(levels.min()), float(levels.max())
    if not (lowest >= -_MARGIN and highest <= 255 + _MARGIN):  # neither holds for NaN
        raise MalformedRequest(
            "The tensor's numbers are not those of a photo. Normalise each channel, (x / 255 - mean) / std, with "
            f"mean {list(preprocessing.mean)} and std {list(preprocessing.std)}."
        )
    pixels = np.clip(np.rint(levels, out=levels), 0, 255, out=levels).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))


def _find_tensor(view: View, inputs: Sequence[InputTensor]) -> InputTensor:
    names = [tensor.name for tensor in inputs]
    if names != [view.input_name]:
        sent = ", ".join(repr(name) for name in names[:8]) or "none"
        raise MalformedRequest(f"The model {view.name!r} has one input, {view.input_name!r}; the request has {sent}.")
    return inputs[0]


def _check_shape(view: View, tensor: InputTensor, limits: LimitSettings) -> None:
    if tensor.datatype != view.input_datatype:
        raise MalformedRequest(
            f"The input {tensor.name!r} is {view.input_datatype}; the request has {tensor.datatype!r}."
        )
    count, *dims = tensor.shape or (0,)
    flat = not view.takes_tensor and not dims
    if (tuple(dims) != view.input_dims and not flat) or count < 1:
        expected = [-1, *view.input_dims]
        raise MalformedRequest(
            f"The input {tensor.name!r} has the shape {expected}, where -1 is the number of images; "
            f"the request has {list(tensor.shape)}."
        )
    if count > limits.max_images:
        raise PayloadTooLarge(
            f"The request has {count} images; at most {limits.max_images} are accepted. Send them in several requests."
        )
