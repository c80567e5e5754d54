"""The API description that FastAPI makes of the routes -> the one that is published."""

from typing import Any

from serve_app.http.error_shapes import find_shape
from serve_app.http.problems import MEDIA_TYPE

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, where the service asks for one."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same, in another header."},
}


def complete_description(document: dict[str, Any]) -> dict[str, Any]:
    """What FastAPI does not say: application/problem+json for problems, models of request bodies, and API keys.

    What is answered at the paths of another protocol is application/json, as FastAPI says of every model.
    """
    for path, item in document["paths"].items():
        for operation in item.values() if find_shape(path) is None else ():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    components = document["components"]
    components["securitySchemes"] = _SECURITY
    _share_definitions(document["paths"], components["schemas"])
    return document


def _share_definitions(node: Any, schemas: dict[str, Any]) -> None:
    """Move the `$defs` that pydantic leaves inside a body's schema to where the whole document finds them."""
    if isinstance(node, list):
        for value in node:
            _share_definitions(value, schemas)
    elif isinstance(node, dict):
        definitions = node.pop("$defs", {})
        schemas.update(definitions)
        reference = node.get("$ref")
        if isinstance(reference, str):
            node["$ref"] = reference.replace("#/$defs/", "#/components/schemas/")
        for value in (*definitions.values(), *node.values()):
            _share_definitions(value, schemas)
