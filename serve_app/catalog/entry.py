"""One model of the catalog, with its weights found and loaded the same way whatever family it is of."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serve_app.catalog.accuracy import Accuracy
from serve_app.errors import WeightsInvalid
from serve_app.preprocessing import Preprocessing

if TYPE_CHECKING:
    import torch
    from torch import nn

Report = Callable[[str], None]
StateDict = Mapping[str, "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model as the catalog knows it, before its weights are read.

    locate_weights: returns the path of the weights file, downloading it where that is possible; raises
        WeightsUnavailable.
    build: makes the architecture, with the parameters that the published file has, still random.
    adapt: makes a checkpoint's tensors fit the architecture's names; raises WeightsInvalid.
    published: the accuracy that whoever trained the weights says they have.
    finish: removes what only training needs (auxiliary heads), after the weights are loaded.
    """

    name: str
    weights: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    license: str
    source: str
    locate_weights: Callable[[Report], Path]
    build: Callable[[], "nn.Module"]
    adapt: Callable[["nn.Module", StateDict], StateDict]
    finish: Callable[["nn.Module"], "nn.Module"]
    published: Accuracy | None = None

    def load(self, weights_file: Path) -> "nn.Module":
        """The module with its weights, in eval mode, on the CPU, float32.

        Input: float32 (N, 3, crop_size, crop_size), normalised. Output: logits, float32 (N, number of labels).
        Raises WeightsInvalid when the file is damaged, holds anything but tensors, or does not fit the architecture.
        """
        module = self.build()
        checkpoint = _read_checkpoint(weights_file)
        try:
            module.load_state_dict(self.adapt(module, checkpoint))
        except RuntimeError as error:
            raise WeightsInvalid(f"{weights_file} does not fit {self.name}: {_first_lines(error)}") from error
        return self.finish(module).eval()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_checkpoint(path: Path) -> StateDict:
    import torch

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types here: zip, pickle, EOF, runtime
        raise WeightsInvalid(
            f"{path} could not be read as a file of weights: {_first_lines(error)} Delete it and fetch it again."
        ) from error
    if not isinstance(checkpoint, Mapping) or not all(isinstance(value, torch.Tensor) for value in checkpoint.values()):
        raise WeightsInvalid(f"{path} holds no state dict (names to tensors).")
    return checkpoint


def _first_lines(error: BaseException, limit: int = 300) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= limit else text[:limit] + " ..."
