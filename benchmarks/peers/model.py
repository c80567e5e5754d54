"""The model as the peers load it, in the two variants, from the folder that the harness wrote.

Knows that folder, OpenVINO or torch, and nothing of any framework.
"""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.pillow_steps import Crop, crop_image, read_pixels

Answer = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Given:
    """What the harness tells a peer through its environment."""

    port: int
    workers: int
    threads: int
    model: Path

    @classmethod
    def read(cls) -> "Given":
        """Raises KeyError when the harness did not start this process."""
        port, workers, threads = (int(os.environ[f"BENCH_{name}"]) for name in ("PORT", "WORKERS", "THREADS"))
        return cls(port, workers, threads, Path(os.environ["BENCH_MODEL"]))


def read_card(given: Given) -> dict[str, Any]:
    """What benchmarks/model_folder.py wrote."""
    card: dict[str, Any] = json.loads((given.model / "model.json").read_text("utf-8"))
    return card


class OpenVinoModel:
    """A JPEG -> the answer, one image after the other, as the in-process ceiling does it."""

    def __init__(self) -> None:
        from serve_app.openvino_import import import_openvino  # the door that shuts OpenVINO's telemetry out

        given = Given.read()
        card = read_card(given)
        self._labels = card["labels"]
        self._crop = Crop(card["resize_size"], card["crop_size"])
        ov = import_openvino()
        core = ov.Core()
        model = core.read_model(card["openvino"])
        size = self._crop.crop_size
        model.reshape([1, size, size, 3])
        compiled = core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": {"bf16": "bf16", "fp32": "f32"}[card["precision"]],
                "INFERENCE_NUM_THREADS": given.threads,
                "NUM_STREAMS": 1,
                "PERFORMANCE_HINT": "LATENCY",
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._request: Any = compiled.create_infer_request()
        self._input = np.zeros((1, size, size, 3), np.uint8)
        self._request.set_input_tensor(ov.Tensor(self._input, shared_memory=True))
        self._infer(self._input[0])

    def classify(self, image: bytes) -> Answer:
        """The five best labels of a JPEG."""
        return rank(self._infer(read_pixels(image, self._crop)), self._labels)

    def classify_opened(self, image: Image.Image) -> Answer:
        """The same, of an image that was opened by somebody else."""
        return rank(self._infer(crop_image(image, self._crop)), self._labels)

    def _infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        self._input[0] = pixels
        self._request.infer()
        logits: npt.NDArray[np.float32] = self._request.get_output_tensor().data[0]
        return logits


class TorchModel:
    """Eager torch in float32 behind torchvision's transforms."""

    def __init__(self) -> None:
        import timm
        import torch
        from torchvision import transforms

        given = Given.read()
        card = read_card(given)
        torch.set_num_threads(given.threads)
        self._torch = torch
        self._labels = card["labels"]
        self._transform = transforms.Compose(
            [
                transforms.Resize(card["resize_size"], transforms.InterpolationMode.BICUBIC),
                transforms.CenterCrop(card["crop_size"]),
                transforms.ToTensor(),
                transforms.Normalize(card["mean"], card["std"]),
            ]
        )
        self._module = timm.create_model(card["architecture"], pretrained=False).eval()
        self._module.load_state_dict(torch.load(given.model / "weights.pt", weights_only=True))
        self.classify_batch([torch.zeros(3, card["crop_size"], card["crop_size"])])

    def prepare(self, image: bytes) -> Any:
        """A JPEG -> float32 (3, crop_size, crop_size), normalised."""
        return self.prepare_opened(Image.open(io.BytesIO(image)))

    def prepare_opened(self, image: Image.Image) -> Any:
        """The same, of an image that was opened by somebody else."""
        return self._transform(image.convert("RGB"))

    def classify_batch(self, tensors: list[Any]) -> list[Answer]:
        """The answers to prepared images, from one call of the model."""
        with self._torch.inference_mode():
            logits = self._module(self._torch.stack(tensors)).numpy()  # (N, num_classes)
        return [rank(row, self._labels) for row in logits]

    def classify(self, image: bytes) -> Answer:
        """The answer to one JPEG."""
        return self.classify_batch([self.prepare(image)])[0]


def rank(logits: npt.NDArray[np.float32], labels: list[str], top_k: int = 5) -> Answer:
    """The best labels with their softmax scores; logits: float32 (num_classes,)."""
    exponents = np.exp(logits - logits.max())
    scores = exponents / exponents.sum()
    best = np.argpartition(scores, -top_k)[-top_k:]
    ids = best[np.argsort(scores[best])[::-1]].tolist()
    return {"predictions": [{"class_id": i, "label": labels[i], "score": float(scores[i])} for i in ids]}
