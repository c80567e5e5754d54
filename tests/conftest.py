"""Options and the one real service that end-to-end tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.clients.environment import Clients, require_clients
from tests.e2e.serving import RunningService, run_service

# How fast examples are made and run says how busy the machine is, not whether the code is right.
settings.register_profile("argus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("argus")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-openapi`: write tests/contract/openapi.json anew."""
    parser.addoption("--update-openapi", action="store_true", help="accept the API description as it is now")


# What is quick to fail comes first. What starts a Ray of its own comes before the shared service, which would slow it.
_ORDER = (
    "tests/unit/",
    "tests/contract/",
    "tests/integration/",
    "tests/e2e/test_start_stop.py",
    "tests/e2e/test_nodes.py",
    "tests/e2e/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by what they need; stable, so that a module's order is kept.

    Those of real processes and a real browser share the machine with whatever else runs there: one that fails is run
    once more, and the closing line counts it as a rerun.
    """
    items.sort(key=lambda item: next((i for i, start in enumerate(_ORDER) if item.nodeid.startswith(start)), 0))
    for item in items:
        if item.nodeid.startswith("tests/e2e/"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def real_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """`serve run` with real models on a free port, for the whole session."""
    with run_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="session")
def real_service_url(real_service: RunningService) -> str:
    """The address of the real service."""
    return real_service.url


@pytest.fixture
def examples() -> Path:
    """The bundled photos."""
    return Path(__file__).parent.parent / "assets" / "examples"


@pytest.fixture(scope="session")
def clients() -> Clients:
    """The environment of the third-party clients."""
    return require_clients()
