"""Every model that could be served, remembered in a file, so that asking again needs no torch.

The file holds for the installed versions of torchvision and of this package; it is a cache and may be deleted.
"""

import json
from importlib.util import find_spec
from pathlib import Path

from serve_app.artifacts.references import cache_home, library_versions
from serve_app.catalog import ModelListing, list_models
from serve_app.catalog.efficientnet_lite import VARIANTS, weights_name
from serve_app.errors import SetupError


def list_catalog() -> tuple[ModelListing, ...]:
    """The whole catalog, the default model first; imports torchvision the first time. Raises SetupError without it."""
    known = _read()
    if known is not None:
        return known
    if find_spec("torchvision") is None:
        raise SetupError(
            "The catalog needs torchvision, which is not installed. Run: pip install 'argus-classifier[serve]'"
        )
    models = list_models()
    _write(models)
    return models


def read_known_models() -> tuple[ModelListing, ...]:
    """What is known of the catalog at once: all that was listed before, or the packaged models."""
    return _read() or tuple(ModelListing(name, (weights_name(name),)) for name in VARIANTS)


def _path() -> Path:
    return cache_home() / "argus" / "catalog.json"


def _key() -> dict[str, str]:
    return {**library_versions(), **{name: weights_name(name) for name in VARIANTS}}


def _read() -> tuple[ModelListing, ...] | None:
    try:
        document = json.loads(_path().read_text("utf-8"))
        if document["made_with"] != _key():
            return None
        return tuple(ModelListing(str(name), tuple(map(str, weights))) for name, weights in document["models"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(models: tuple[ModelListing, ...]) -> None:
    path = _path()
    document = {"made_with": _key(), "models": [[model.name, model.weights] for model in models]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(document), "utf-8")
        partial.replace(path)
    except OSError:
        return  # Without the file the next question takes as long as this one.
