"""What /docs and /openapi.json say of the drop-in protocols' routes. It validates nothing."""

from typing import Any

from pydantic import BaseModel

from serve_app.http.error_docs import document_errors
from serve_app.http.error_shapes import Shape
from serve_app.http.schemas import CLASSIFY_ERRORS, KEYS

OCTETS = {"schema": {"type": "string", "format": "binary"}}


def describe_form(field: str) -> dict[str, Any]:
    """A form with one photo. field: the usual name of its part."""
    schema = {"type": "object", "properties": {field: OCTETS["schema"]}, "required": [field]}
    return {"multipart/form-data": {"schema": schema}}


def document_operation(
    tag: str, answer: Any, meaning: str, *, body: dict[str, Any], error: type[BaseModel], shape: Shape
) -> dict[str, Any]:
    """What FastAPI is told of a route that classifies one photo.

    answer, meaning: of status 200. body: by media type. error, shape: of the answer to an error.
    """
    return {
        "tags": [tag],
        "response_model": None,
        "responses": {
            200: {"model": answer, "description": meaning},
            **document_errors(CLASSIFY_ERRORS, error, shape),
        },
        "openapi_extra": {"requestBody": {"required": True, "content": body}, "security": KEYS},
    }
