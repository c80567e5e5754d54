"""Paths -> routes: which model a classify request names, and under which name a request is counted."""

import re
from typing import Any

from starlette.types import Scope

CLASSIFY = "/v1/classify"
CLASSIFY_WITH_MODEL = "/v1/models/{model}/classify"
METRICS = "/metrics"
INFER = "/v2/models/{model}/infer"
INFER_VERSION = "/v2/models/{model}/versions/{version}/infer"
HUGGING_FACE = "/huggingface"
HUGGING_FACE_WITH_MODEL = "/huggingface/{model}"
PREDICTIONS = "/predictions/{model}"
PREDICTIONS_WITH_VERSION = "/predictions/{model}/{version}"
COURSE_CLASSIFY = ("/classify/", "/classify", "/predict/", "/predict")
# Those that bring images.
CLASSIFY_ROUTES = frozenset(
    {
        *(CLASSIFY, CLASSIFY_WITH_MODEL, INFER, INFER_VERSION, HUGGING_FACE, HUGGING_FACE_WITH_MODEL),
        *(PREDICTIONS, PREDICTIONS_WITH_VERSION, *COURSE_CLASSIFY),
    }
)
# Whatever no route is made for: one name, however many paths clients think of.
OTHER = "other"

_PATTERNS = tuple((re.compile(re.sub(r"\{[a-z]+\}", "[^/]+", route)), route) for route in CLASSIFY_ROUTES)
_BEFORE_MODEL, _AFTER_MODEL = CLASSIFY_WITH_MODEL.split("{model}")


def find_model(scope: Scope) -> tuple[str | None] | None:
    """The model that a classify request names, (None,) for the default one; None where it is another request."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))  # as Starlette routes: below Ray's route_prefix
    if path == CLASSIFY:
        return (None,)
    if path.startswith(_BEFORE_MODEL) and path.endswith(_AFTER_MODEL):
        name = path[len(_BEFORE_MODEL) : -len(_AFTER_MODEL)]
        if name and "/" not in name:
            return (name,)
    return None


def name_route(scope: Scope) -> str:
    """The route of a request that has been answered: a template such as /v1/models/{model}, or OTHER."""
    route: Any = scope["state"].get("route")
    if route is None:
        route = getattr(scope.get("route"), "path", None)  # FastAPI's own, once it has found one
    if route is None:  # refused before anybody looked where it leads
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        route = next((route for pattern, route in _PATTERNS if pattern.fullmatch(path)), OTHER)
    return str(route)


def name_classify(model: str | None) -> str:
    """The route of a classify request that names this model, or None."""
    return CLASSIFY if model is None else CLASSIFY_WITH_MODEL
