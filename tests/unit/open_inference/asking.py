"""A model of colours behind the protocol's core, and requests to it."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from serve_app.meters import Meters, Samples
from serve_app.open_inference.inference import OpenInference
from serve_app.open_inference.messages import InferRequest, InferResponse
from serve_app.open_inference.tensors import InputTensor, pack_values
from serve_app.settings import Settings
from tests.fakes import ColorRuntime, make_repository
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "PNG")


def fill(*colors: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    """Planes of one colour each, as the model of `tests.fakes` wants them: (N, 3, 28, 28), x / 255."""
    return np.array([np.full((28, 28, 3), color).transpose(2, 0, 1) for color in colors], np.float32) / 255


def ask_with_images(*images: bytes, model: str = "colors", **more: Any) -> InferRequest:
    """A request of the image view."""
    tensor = InputTensor("image", "BYTES", (len(images), 1), pack_values(images))
    return InferRequest(model, (tensor,), **more)


def ask_with_tensor(planes: npt.NDArray[np.float32], **more: Any) -> InferRequest:
    """A request of the tensor view."""
    tensor = InputTensor("input", "FP32", planes.shape, planes.tobytes())
    return InferRequest("colors_tensor", (tensor,), **more)


class Service:
    """The core around a fake model."""

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self.runtime = ColorRuntime()
        self.repository = make_repository(settings, colors=self.runtime)
        self.meters = Meters()
        self.core = OpenInference(self.repository, settings.limits, self.meters)

    async def ask(self, request: InferRequest) -> InferResponse:
        return await self.core.infer(request)

    @property
    def samples(self) -> Samples:
        return self.meters.take({})
