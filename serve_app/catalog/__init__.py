"""Which models exist, and where their weights come from.

A spec is what a person writes: `resnet50`, or `resnet50:IMAGENET1K_V2`. Here it becomes a `CatalogEntry`: the
architecture, the weights file, the preprocessing and the labels. Only the export and the torch runtime resolve specs;
importing this module does not import torch. Knows nothing of artifacts, runtimes or requests.
"""

import difflib
import re
from dataclasses import dataclass

from serve_app.catalog import efficientnet_lite
from serve_app.catalog.entry import CatalogEntry
from serve_app.errors import UnknownModel

__all__ = [
    "DEFAULT_MODEL",
    "CatalogEntry",
    "ModelListing",
    "ModelSpec",
    "list_models",
    "parse_spec",
    "resolve",
]

DEFAULT_MODEL = "efficientnet_lite0"

_WHERE_NAMES_ARE = (
    f"It has {', '.join(efficientnet_lite.VARIANTS)} and torchvision's classification models: "
    "https://docs.pytorch.org/vision/stable/models.html"
)
_SPEC = re.compile(r"(?P<name>[A-Za-z0-9_]+)(?::(?P<weights>[A-Za-z0-9_.\-]+))?")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's name and, where the person asked for one, the name of its weights.

    str() gives the text that `parse_spec` reads.
    """

    name: str
    weights: str | None = None

    @property
    def is_packaged(self) -> bool:
        """Whether the weights come from an installed Python package rather than the torch cache."""
        return self.name in efficientnet_lite.VARIANTS

    def __str__(self) -> str:
        return self.name if self.weights is None else f"{self.name}:{self.weights}"


@dataclass(frozen=True, slots=True)
class ModelListing:
    """One line of the catalog: a name and the weights it can have, the default first."""

    name: str
    weights: tuple[str, ...]


def parse_spec(spec: str) -> ModelSpec:
    """Read `name` or `name:weights`. Needs no torch: whether the name exists is `resolve`'s question.

    Raises UnknownModel when the text has another form.
    """
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise UnknownModel(f"{spec!r} is not a model's name. Write it like resnet50 or resnet50:IMAGENET1K_V2.")
    return ModelSpec(name=match["name"].lower(), weights=match["weights"])


def resolve(spec: str) -> CatalogEntry:
    """Everything that is known of a model before its weights are read. Imports torchvision.

    Raises UnknownModel, with the closest names, when the catalog has no such model or weights.
    """
    parsed = parse_spec(spec)
    if parsed.name in efficientnet_lite.VARIANTS:
        return efficientnet_lite.resolve(parsed.name, parsed.weights)
    from serve_app.catalog import torchvision_models

    if parsed.name not in torchvision_models.names():
        known = [*efficientnet_lite.VARIANTS, *torchvision_models.names()]
        close = difflib.get_close_matches(parsed.name, known, n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else _WHERE_NAMES_ARE
        raise UnknownModel(f"The catalog has no model {parsed.name!r}. {hint}")
    return torchvision_models.resolve(parsed.name, parsed.weights)


def list_models() -> tuple[ModelListing, ...]:
    """Every model of the catalog, the default first. Imports torchvision."""
    from serve_app.catalog import torchvision_models

    packaged = tuple(ModelListing(name, (efficientnet_lite.weights_name(name),)) for name in efficientnet_lite.VARIANTS)
    return packaged + tuple(
        ModelListing(name, torchvision_models.weights_names(name)) for name in torchvision_models.names()
    )
