"""Argus's own API: `/v1/classify` and `/v1/models`."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from serve_app.classifier import Backend, ImageResult, ServedModel
from serve_app.errors import RequestError
from serve_app.http import schemas
from serve_app.http.access import AccessControl
from serve_app.http.problems import describe_problem
from serve_app.http.uploads import Upload, read_uploads
from serve_app.settings import Settings

TopK = Annotated[int, Query(ge=1, le=10_000, description="Most predictions of one image.")]
MinScore = Annotated[float, Query(ge=0.0, le=1.0, description="Leaves out predictions that score lower.")]


def build_router(backend: Backend, settings: Settings) -> APIRouter:
    """The routes under /v1."""
    router = APIRouter(prefix="/v1")
    access = AccessControl(settings.access)

    async def classify(request: Request, name: str | None, top_k: int, min_score: float) -> Response:
        model = backend.find(name)
        access.check(request, model.name)
        uploads = await read_uploads(request, settings.limits)
        sound = [upload.data for upload in uploads if upload.error is None]
        answers: list[ImageResult | RequestError] = []
        if sound:
            answers = await backend.classify(sound, model=model.name, top_k=top_k, min_score=min_score)
        remaining = iter(answers)
        outcomes = [(upload, upload.error or next(remaining)) for upload in uploads]
        if len(outcomes) == 1 and isinstance(outcomes[0][1], RequestError):
            raise outcomes[0][1]
        return _render(request, model, outcomes)

    @router.post("/classify", **schemas.CLASSIFY)
    async def classify_with_default_model(request: Request, top_k: TopK = 5, min_score: MinScore = 0.0) -> Response:
        """Classify one or several images with the default model."""
        return await classify(request, None, top_k, min_score)

    @router.post("/models/{model}/classify", **schemas.CLASSIFY)
    async def classify_with_model(request: Request, model: str, top_k: TopK = 5, min_score: MinScore = 0.0) -> Response:
        """Classify one or several images with the model of that name."""
        return await classify(request, model, top_k, min_score)

    @router.get("/models", **schemas.MODELS)
    async def list_models() -> Response:
        """Every model that is served, the default one first."""
        return _json({"models": [describe_model(model) for model in backend.models]})

    @router.get("/models/{model}", **schemas.MODEL)
    async def show_model(model: str) -> Response:
        """One model: its input, preprocessing, runtime, precision and license."""
        return _json(describe_model(backend.find(model)))

    @router.get("/models/{model}/labels", **schemas.LABELS)
    async def list_labels(model: str) -> Response:
        """The labels of a model, in the order of their class ids."""
        return _json({"model": model, "labels": backend.find(model).card.labels})

    return router


def describe_model(model: ServedModel) -> dict[str, Any]:
    """A model as /v1/models shows it."""
    card = model.card
    side = card.preprocessing.crop_size
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
        "license": card.license,
        "source": card.source,
        "state": model.state,
    }


def _render(
    request: Request, model: ServedModel, outcomes: list[tuple[Upload, ImageResult | RequestError]]
) -> Response:
    request_id = request.state.request_id
    stages = {"decode": 0.0, "queue": 0.0, "inference": 0.0}
    results: list[dict[str, Any]] = []
    for upload, outcome in outcomes:
        if isinstance(outcome, RequestError):
            results.append({"filename": upload.filename, "error": describe_problem(outcome, request_id)})
            continue
        timing = outcome.timing
        timing_ms = {"decode": timing.decode_ms, "queue": timing.queue_ms, "inference": timing.inference_ms}
        stages = {stage: max(ms, timing_ms[stage]) for stage, ms in stages.items()}  # of the slowest image
        results.append(
            {
                "filename": upload.filename,
                "width": outcome.width,
                "height": outcome.height,
                "predictions": [
                    {"class_id": p.class_id, "label": p.label, "score": round(p.score, 6)} for p in outcome.predictions
                ],
                "timing_ms": {stage: round(ms, 2) for stage, ms in timing_ms.items()},
            }
        )
    request.state.server_timing.update(stages)
    return _json(
        {
            "request_id": request_id,
            "model": {"name": model.name, "version": model.card.version},
            "results": results,
        }
    )


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
