"""torchvision's classification models, by the names and weights of its registry.

Weights live in the torch cache, where torchvision itself puts them, and carry their own preprocessing and labels.
Imports torchvision; only `serve_app.catalog` imports this module, when it is needed.
"""

import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision.models._api import WeightsEnum

from serve_app.catalog.accuracy import Accuracy
from serve_app.catalog.downloads import fetch_weights
from serve_app.catalog.entry import CatalogEntry, StateDict
from serve_app.errors import UnknownModel
from serve_app.preprocessing import Interpolation, Preprocessing

_CODE_LICENSE = "BSD-3-Clause (torchvision)"
# What torchvision evaluates on, and how many photos its validation set has.
_DATA_SET, _DATA_SET_PHOTOS = "ImageNet-1K", 50_000
_DENSENET_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


@cache
def names() -> tuple[str, ...]:
    """Every classification model that has published weights; quantized ones excluded (torchvision keeps them apart)."""
    every = torchvision.models.list_models(module=torchvision.models)
    return tuple(name for name in every if list(torchvision.models.get_model_weights(name)))


def weights_names(name: str) -> tuple[str, ...]:
    """The weights that a model can have, torchvision's default first; those without categories cannot classify."""
    weights = torchvision.models.get_model_weights(name)
    default = weights["DEFAULT"].name
    others = (member.name for member in weights if member.name != default and member.meta["categories"])
    return (default, *others)


def resolve(name: str, weights: str | None) -> CatalogEntry:
    """The catalog's entry for one of `names()`.

    Raises UnknownModel when the model has no weights of that name.
    """
    available = weights_names(name)
    wanted = available[0] if weights is None or weights.upper() == "DEFAULT" else weights.upper()
    if wanted not in available:
        raise UnknownModel(f"{name} has no weights {weights!r}. It has {', '.join(available)}.")
    member = torchvision.models.get_model_weights(name)[wanted]
    return CatalogEntry(
        name=name,
        weights=wanted,
        labels=tuple(member.meta["categories"]),
        preprocessing=_preprocessing(member),
        license=_license(member),
        source=member.url,
        locate_weights=lambda report: fetch_weights(
            name, member.url, Path(torch.hub.get_dir()) / "checkpoints", report, os.environ
        ),
        build=lambda: _build(name, member),
        adapt=_rename_old_densenet,
        finish=_drop_auxiliary_heads,
        published=_published(member),
    )


def _published(weights: WeightsEnum) -> Accuracy | None:
    metrics = weights.meta.get("_metrics", {}).get(_DATA_SET, {})
    if "acc@1" not in metrics:
        return None
    top5 = metrics.get("acc@5")
    return Accuracy(
        top1=round(metrics["acc@1"] / 100, 5),
        top5=None if top5 is None else round(top5 / 100, 5),
        photos=_DATA_SET_PHOTOS,
        precision="fp32",
        source=f"published by torchvision, on {_DATA_SET}",
    )


def _preprocessing(weights: WeightsEnum) -> Preprocessing:
    transform = weights.transforms()
    return Preprocessing(
        resize_size=_one(transform.resize_size),
        crop_size=_one(transform.crop_size),
        interpolation=Interpolation(transform.interpolation.value),
        mean=_three(transform.mean),
        std=_three(transform.std),
    )


def _one(values: Sequence[int]) -> int:
    (value,) = values
    return int(value)


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return float(red), float(green), float(blue)


def _license(weights: WeightsEnum) -> str:
    own = weights.meta.get("license")
    return f"{_CODE_LICENSE}; weights: {own}" if own else f"{_CODE_LICENSE}; weights: see {weights.meta['recipe']}"


def _build(name: str, weights: WeightsEnum) -> nn.Module:
    # What torchvision's own builders set when they are given weights.
    options: dict[str, Any] = {"num_classes": len(weights.meta["categories"])}
    if name in ("googlenet", "inception_v3"):
        options |= {"transform_input": True, "aux_logits": True, "init_weights": False}
    elif name.startswith("vit_"):
        options["image_size"] = weights.meta["min_size"][0]
    elif name.startswith("maxvit_"):
        options["input_size"] = weights.meta["min_size"]
    module = torchvision.models.get_model(name, weights=None, **options)
    if not isinstance(module, nn.Module):
        raise TypeError(f"torchvision made a {type(module).__name__} for {name}")
    return module


def _rename_old_densenet(module: nn.Module, checkpoint: StateDict) -> StateDict:
    """Names like norm.1 became norm1 when modules could no longer have dots in them; the files still say norm.1."""
    if not isinstance(module, torchvision.models.DenseNet):
        return checkpoint
    return {_DENSENET_OLD_NAME.sub(r"\1\2", name): tensor for name, tensor in checkpoint.items()}


def _drop_auxiliary_heads(module: nn.Module) -> nn.Module:
    if isinstance(module, torchvision.models.GoogLeNet):
        module.aux_logits = False
        module.aux1 = None
        module.aux2 = None
    elif isinstance(module, torchvision.models.Inception3):
        module.aux_logits = False
        module.AuxLogits = None
    return module
