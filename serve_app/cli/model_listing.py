"""What `argus models` and `argus labels` list: models that are served, models that could be, labels of one."""

from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatch

from rich.console import Console

from argus_client import ArgusClient, Model
from serve_app.cli.catalog_listing import list_catalog
from serve_app.cli.exits import CommandError
from serve_app.cli.listing import Column, Listing

_SERVED = (
    Column("Model"),
    Column("Runs in"),
    Column("Input px", "right"),
    Column("Classes", "right"),
    Column("Top-1", "right"),
    Column("State"),
    Column("Default"),
    Column("Parameters", "right", wide=True),
    Column("Version", wide=True),
    Column("Weights", wide=True, wrap=True),
)


def list_served(url: str, api_key: str | None, pattern: str | None) -> Listing:
    """The models of a running service, its default first. Raises ArgusClientError, or CommandError for none."""
    with ArgusClient(url, api_key=api_key) as client:
        served = client.models()
    models = [model for model in served if _fits(model.name, pattern)]
    if not models:
        names = ", ".join(model.name for model in served)
        raise CommandError(f"No model of {url} has {pattern!r} in its name. It serves {names}.")
    return Listing(_SERVED, [_describe(model) for model in models], {"models": [asdict(m) for m in models]})


def list_possible(pattern: str | None) -> Listing:
    """The catalog. Raises SetupError without torchvision, or CommandError where nothing fits."""
    console = Console(stderr=True)
    with console.status("Reading torchvision's list of models; it is remembered for the next time."):
        every = list_catalog()
    models = [model for model in every if _fits(model.name, pattern)]
    if not models:
        raise CommandError(
            f"The catalog has no model with {pattern!r} in its name. `argus models --catalog` lists all."
        )
    return Listing(
        (Column("Model"), Column("Weights, the default first", wrap=True)),
        [(model.name, ", ".join(model.weights)) for model in models],
        {"models": [asdict(model) for model in models]},
        f"{len(models)} of {len(every)} models. Write one as `weights` into serve_config.yaml, as resnet50 or "
        "resnet50:IMAGENET1K_V2, or try it first: argus export resnet50",
    )


def list_labels(url: str, api_key: str | None, model: str | None, text: str | None) -> Listing:
    """The labels of a model, or those that hold a text. Raises ArgusClientError, or CommandError for none."""
    with ArgusClient(url, api_key=api_key) as client:
        name = model or find_default(client.models())
        labels = list(enumerate(client.labels(name)))
    found = [(n, label) for n, label in labels if text is None or text.casefold() in label.casefold() or text == str(n)]
    if not found:
        raise CommandError(f"None of the {len(labels)} labels of {name} has {text!r} in it.")
    return Listing(
        (Column("Class", "right"), Column("Label", wrap=True)),
        [(str(n), label) for n, label in found],
        {"model": name, "labels": [{"class_id": n, "label": label} for n, label in found]},
        f"{len(found)} of {len(labels)} labels of {name}" if text else f"{len(labels)} labels of {name}",
    )


def find_default(models: Sequence[Model]) -> str:
    """The name of the model that answers where none is named."""
    return next((model.name for model in models if model.default), models[0].name)


def _describe(model: Model) -> tuple[str, ...]:
    side = model.input.get("height")
    parameters = model.num_parameters
    return (
        model.name,
        f"{model.runtime} {model.precision}".strip(),
        str(side or ""),
        str(model.num_classes),
        f"{model.accuracy.top1:.1%}" if model.accuracy else "",
        model.state,
        "yes" if model.default else "",
        f"{parameters / 1e6:.1f} M" if parameters else "",
        model.version,
        model.weights,
    )


def _fits(name: str, pattern: str | None) -> bool:
    # A pattern where it has a sign of one, otherwise a part of the name; case does not matter.
    wanted = (pattern or "*").casefold()
    return fnmatch(name.casefold(), wanted) if any(sign in wanted for sign in "*?[") else wanted in name.casefold()
