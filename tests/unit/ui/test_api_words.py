"""The tables of the API page say what the service does, and leave nothing out."""

import json
from pathlib import Path

from argus_client.errors import PROBLEMS
from reflex_frontend.snippets import LANGUAGES, TASKS
from reflex_frontend.texts import api as texts
from serve_app import errors
from serve_app.http.error_shapes import find_shape

OPENAPI = json.loads((Path(__file__).parents[2] / "contract" / "openapi.json").read_text())


def test_every_error_is_in_the_table_with_its_status() -> None:
    """And none that does not exist."""
    statuses = {
        kind.code: str(kind.status)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.HttpError) and hasattr(kind, "code")
    }
    assert {code: status for status, code, _ in texts.ERRORS} == statuses
    assert {code for _, code, _ in texts.ERRORS} == set(PROBLEMS)


def test_every_endpoint_of_the_service_is_in_the_table() -> None:
    """As the OpenAPI document has it, but for those of other protocols."""
    own = {path: item for path, item in OPENAPI["paths"].items() if find_shape(path) is None}
    assert {(method, path) for method, path, _ in texts.ENDPOINTS} == {
        (method.upper(), path) for path, item in own.items() for method in item
    }


def test_every_other_protocol_is_in_a_table_of_its_own() -> None:
    """Each address begins one that the service has, and none of them is left out."""
    others = {path for path in OPENAPI["paths"] if find_shape(path) is not None}
    named = [path for path, _ in texts.PROTOCOLS]
    assert {path for path in named if any(other.startswith(path) for other in others)} == set(named)
    assert {other.split("/")[1] for other in others} == {path.split("/")[1] for path in named} | {"predict"}


def test_every_parameter_of_a_classification_is_in_the_table() -> None:
    """With the default that the service documents."""
    parameters = OPENAPI["paths"]["/v1/classify"]["post"]["parameters"]
    assert [name for name, _, _ in texts.PARAMETERS] == [one["name"] for one in parameters]
    for (_, values, _), one in zip(texts.PARAMETERS, parameters, strict=True):
        assert values.endswith(f"default {one['schema']['default']:g}")


def test_every_language_and_task_has_words() -> None:
    """A new one is not forgotten."""
    assert set(texts.LANGUAGE_NAMES) == set(texts.NOTES) == set(LANGUAGES)
    assert set(texts.TASK_NAMES) == set(TASKS)
