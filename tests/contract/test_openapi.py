"""The published API description: complete, and changed only on purpose."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from serve_app import errors
from serve_app.http.app import create_api
from serve_app.http.classify import ClassifyOperation
from serve_app.http.context import BodyBudget
from serve_app.http.error_shapes import find_shape
from serve_app.settings import Settings
from serve_app.status import OwnStatus
from tests.fakes import make_repository

SNAPSHOT = Path(__file__).with_name("openapi.json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description as the service publishes it."""
    repository = make_repository()
    source = OwnStatus(lambda: repository.queued)
    settings = Settings()
    operation = ClassifyOperation(repository, settings, source.meters)
    budget = BodyBudget(max_request_bytes=1, max_pending_bytes=1)
    return create_api(repository, settings, operation, source, budget).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def test_the_description_is_the_one_that_clients_know(document: dict[str, Any], pytestconfig: pytest.Config) -> None:
    """A change shows as a difference; `pytest --update-openapi tests/contract` accepts it."""
    document = json.loads(json.dumps(document))
    document["info"]["version"] = "any"
    if pytestconfig.getoption("--update-openapi"):
        SNAPSHOT.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    assert document == json.loads(SNAPSHOT.read_text())


def test_every_route_of_the_contract_is_there(document: dict[str, Any]) -> None:
    """The routes that clients are written against."""
    assert {(method, path) for method, path, _ in operations(document)} >= {
        ("post", "/v1/classify"),
        ("post", "/v1/models/{model}/classify"),
        ("get", "/v1/models"),
        ("get", "/v1/models/{model}"),
        ("get", "/v1/models/{model}/labels"),
        ("get", "/v1/status"),
        *(("get", f"/v2{path}") for path in ("", "/health/live", "/health/ready", "/models/stats")),
        *(
            (method, f"/v2/models/{{model}}{version}{path}")
            for version in ("", "/versions/{version}")
            for method, path in (
                ("get", ""),
                ("get", "/ready"),
                ("get", "/config"),
                ("get", "/stats"),
                ("post", "/infer"),
            )
        ),
        ("post", "/v2/repository/index"),
        *(("post", f"/huggingface{model}") for model in ("", "/{model}")),
        *((method, f"/predictions/{{model}}{rest}") for method in ("post", "put") for rest in ("", "/{version}")),
        ("get", "/ping"),
        *(("post", path) for path in ("/classify/", "/classify", "/predict/", "/predict")),
        ("get", "/metrics"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
    }


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Whoever generates a client from the description finds each shape that it names."""
    text = json.dumps(document)
    named = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text))
    assert named <= set(document["components"]["schemas"])
    assert text.count('"$ref"') == text.count('"$ref": "#/components/schemas/')


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    """A summary, a description, a documented success and the shape of each error, which is the protocol's."""
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert "200" in operation["responses"], (method, path)
        for status, response in operation["responses"].items():
            if status != "200":
                media_type = "application/problem+json" if find_shape(path) is None else "application/json"
                assert list(response["content"]) == [media_type], (path, status)


@pytest.mark.parametrize(
    "path", ["/v1/classify", "/v2/models/{model}/infer", "/huggingface", "/predictions/{model}", "/classify/"]
)
def test_every_error_of_the_tree_is_documented_where_images_are_sent(document: dict[str, Any], path: str) -> None:
    """The description of the operation names each code that a client can meet, and has an example of it."""
    responses = document["paths"][path]["post"]["responses"]
    kinds = [kind for base in (errors.RequestError, errors.ServiceError) for kind in base.__subclasses__()]
    elsewhere = {errors.NotFound, errors.MethodNotAllowed}  # other paths and methods, which no operation describes
    if path != "/v1/classify":
        elsewhere.add(errors.UrlNotFetched)  # no other protocol names images by address
    for kind in [*kinds, errors.ModelNotFound]:
        if kind not in elsewhere:
            response = responses[str(kind.status)]
            assert f"`{kind.code}`" in response["description"], kind
            (content,) = response["content"].values()
            assert kind.code in content["examples"], kind
