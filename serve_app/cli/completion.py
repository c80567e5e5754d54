"""What the shell is offered after Tab: names of models. Each answers at once or offers nothing.

A shell waits for it, so nothing here imports torch, waits for a slow service, or says why it has nothing.
"""

from collections.abc import Iterator
from typing import Any

import typer

_PATIENCE_S = 0.5


def complete_model_names(ctx: Any, incomplete: str) -> Iterator[str]:
    """Names of the models that the service at --url serves; none when it does not answer at once."""
    from argus_client import ArgusClient, ArgusClientError
    from serve_app.cli.options import DEFAULT_URL, read_url

    try:
        url = read_url(ctx.params.get("url") or DEFAULT_URL)
        with ArgusClient(url, api_key=ctx.params.get("api_key"), timeout_s=_PATIENCE_S, retries=0) as client:
            names = [model.name for model in client.models()]
    except (ArgusClientError, typer.BadParameter):
        return
    yield from (name for name in names if name.startswith(incomplete))


def complete_weights(incomplete: str) -> Iterator[str]:
    """Names of the catalog: those of torchvision once `argus models --catalog` has listed them."""
    from serve_app.cli.catalog_listing import read_known_models

    for model in read_known_models():
        if model.name.startswith(incomplete):
            yield model.name
        if ":" in incomplete:
            yield from (spec for spec in (f"{model.name}:{w}" for w in model.weights) if spec.startswith(incomplete))
