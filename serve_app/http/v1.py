"""Argus's own API: `/v1/classify` and `/v1/models`."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from serve_app.catalog.accuracy import find_measured
from serve_app.classifier import Backend, ServedModel
from serve_app.http import schemas
from serve_app.http.classify import ClassifyOperation, ClassifyOptions, render_json

Options = Annotated[ClassifyOptions, Query()]


def build_router(backend: Backend, operation: ClassifyOperation) -> APIRouter:
    """The routes under /v1."""
    router = APIRouter(prefix="/v1")

    @router.post("/classify", **schemas.CLASSIFY)
    async def classify_with_default_model(request: Request, options: Options) -> Response:
        """Classify one or several images with the default model."""
        return await operation.answer(request, None, options)

    @router.post("/models/{model}/classify", **schemas.CLASSIFY)
    async def classify_with_model(request: Request, model: str, options: Options) -> Response:
        """Classify one or several images with the model of that name."""
        return await operation.answer(request, model, options)

    @router.get("/models", **schemas.MODELS)
    async def list_models() -> Response:
        """Every model that is served, the default one first."""
        return render_json({"models": [describe_model(model) for model in backend.models]})

    @router.get("/models/{model}", **schemas.MODEL)
    async def show_model(model: str) -> Response:
        """One model: its input, preprocessing, runtime, precision and license."""
        return render_json(describe_model(backend.find(model)))

    @router.get("/models/{model}/labels", **schemas.LABELS)
    async def list_labels(model: str) -> Response:
        """The labels of a model, in the order of their class ids."""
        return render_json({"model": model, "labels": backend.find(model).card.labels})

    return router


def describe_model(model: ServedModel) -> dict[str, Any]:
    """A model as /v1/models shows it."""
    card = model.card
    side = card.preprocessing.crop_size
    accuracy = find_measured(card.weights, card.precision) or card.published
    return {
        "name": model.name,
        "version": card.version,
        "default": model.default,
        "weights": card.weights,
        "num_classes": card.num_classes,
        "num_parameters": card.num_parameters,
        "input": {"height": side, "width": side, "channels": "RGB"},
        "preprocessing": card.preprocessing.to_dict(),
        "runtime": card.runtime,
        "precision": card.precision,
        "quantisation": asdict(card.quantisation) if card.quantisation else None,
        "accuracy": accuracy.to_dict() if accuracy else None,
        "license": card.license,
        "source": card.source,
        "state": model.state,
    }
