"""Every operation of the API description, asked everything that it says it takes, and much that it does not.

schemathesis reads the document that the service publishes and makes requests of it: each boundary of each parameter and
body once, and a few random ones. No answer is a 5xx, has a status, a media type, a header or a shape that the
document does not name, or accepts what the document forbids. Random, but the same in every run.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis.checks import CHECKS
from schemathesis.core import NotSet
from starlette.types import ASGIApp, Receive, Scope, Send

from serve_app.http.app import create_app
from serve_app.settings import Settings
from tests.fakes import ColorRuntime, make_card, make_repository
from tests.photos import encode

PHOTO = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BYTES = st.one_of(st.just(PHOTO), st.binary(max_size=64))


class Door:
    """Stands for the service while tests are collected; leads to it when they run."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        await self.app(scope, receive, send)


DOOR = Door()
schemathesis.openapi.media_type("image/png", BYTES, aliases=["image/*", "application/octet-stream"])
schemathesis.openapi.format("binary", BYTES)
# test_openapi makes sure that this is what the service publishes.
DESCRIPTION = schemathesis.openapi.from_dict(json.loads(Path(__file__).with_name("openapi.json").read_text()))
DESCRIPTION.app = DOOR


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    """The service with two fake models."""
    own = Settings()
    models = {"colors": ColorRuntime(), "hues": ColorRuntime(make_card("hues", ("rot", "gruen", "blau")))}
    repository = make_repository(own, **models)
    DOOR.app = create_app(repository, own)
    yield
    repository.close()


@pytest.mark.timeout(240)
@DESCRIPTION.parametrize()
@settings(max_examples=8, derandomize=True, database=None)
def test_every_operation_answers_as_it_is_described(case: schemathesis.Case) -> None:
    """By the checks that schemathesis has for that."""
    # That a body is a photo is more than its description can ask for.
    excluded = [] if isinstance(case.body, NotSet) else [CHECKS.get_one("positive_data_acceptance")]
    case.call_and_validate(excluded_checks=excluded)
