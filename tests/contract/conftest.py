"""How the contract's snapshot is renewed."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-openapi`: write tests/contract/openapi.json anew."""
    parser.addoption("--update-openapi", action="store_true", help="accept the API description as it is now")
