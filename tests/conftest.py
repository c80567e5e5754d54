"""Options and the one real service that end-to-end tests share."""

import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.clients.environment import Clients, require_clients
from tests.e2e.serving import RunningService, run_service
from tests.e2e.trace_receiver import TraceReceiver, running_receiver

# How fast examples are made and run says how busy the machine is, not whether the code is right.
settings.register_profile("argus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("argus")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-openapi`: write tests/contract/openapi.json anew."""
    parser.addoption("--update-openapi", action="store_true", help="accept the API description as it is now")


# What is quick to fail comes first. A service that runs takes its part of the machine, even with nothing to do: so the
# page in front of the stand-in comes before any, and what starts a Ray of its own before the shared one.
_ORDER = (
    "tests/unit/",
    "tests/contract/",
    "tests/integration/",
    "tests/e2e/test_ui_",
    "tests/e2e/test_start_stop.py",
    "tests/e2e/test_nodes.py",
    "tests/e2e/",
    "tests/e2e/test_ui_real_service.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by what they need; stable, so that a module's order is kept.

    Those of real processes and a real browser share the machine with whatever else runs there: one that fails is run
    once more, and the closing line counts it as a rerun.
    """
    items.sort(key=lambda item: find_place(item.nodeid))
    for item in items:
        if item.nodeid.startswith("tests/e2e/"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a test fails because a command did, say what the command said: its exit status alone explains nothing."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, subprocess.CalledProcessError) and error.stderr:
        text = error.stderr if isinstance(error.stderr, str) else error.stderr.decode(errors="replace")
        report.sections.append(("Standard error of the command", text))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what failed first in tests that passed when they were run once more: nothing else keeps it."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("_", f"first run of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


def find_place(nodeid: str) -> int:
    """The place of a test in the order: that of the longest beginning that it has."""
    return max((len(start), place) for place, start in enumerate(("", *_ORDER)) if nodeid.startswith(start))[1]


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of exported models: what one test has exported is there for the next, and for the real service."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="session")
def trace_receiver() -> Iterator[TraceReceiver]:
    """Where the real service sends its traces."""
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def real_service(
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path, trace_receiver: TraceReceiver
) -> Iterator[RunningService]:
    """`serve run` with real models on a free port, for the whole session."""
    with run_service(tmp_path_factory.mktemp("service"), artifacts, trace_receiver.url) as service:
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
