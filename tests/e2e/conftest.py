"""Fixtures of the end-to-end tests: a service, the production UI in front of it, and a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import chromium, running_ui
from tests.e2e.fake_service import FakeService

# Often enough that a test does not wait for it, seldom enough to be no load.
QUICK_PROBES = {"ARGUS_UI_PROBE_INTERVAL_S": "0.2"}


@pytest.fixture(scope="session")
def fake_service() -> Iterator[FakeService]:
    """The stand-in service of the whole session; `service` gives it to a test in good health."""
    service = FakeService()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def service(fake_service: FakeService) -> Iterator[FakeService]:
    """The stand-in service, well and with nothing seen."""
    fake_service.reset()
    yield fake_service
    fake_service.reset()


@pytest.fixture(scope="session")
def ui_url(fake_service: FakeService) -> Iterator[str]:
    """The production UI in front of the stand-in service, started once."""
    with running_ui(fake_service.url, QUICK_PROBES) as address:
        yield address


# For each module and not for the session: Playwright keeps an event loop running, which other tests must not meet.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with chromium() as running:
        yield running


@dataclass
class Noise:
    """What a page said that it should not: errors and warnings in the console, and requests to other hosts."""

    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@dataclass
class Opened:
    """A page of the UI, and what was noticed about it."""

    page: Page
    noise: Noise


def open_page(browser: Browser, address: str, *, scheme: str = "light", width: int = 1280, height: int = 800) -> Opened:
    """A fresh session of the UI, connected and with the service's health known."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    context.set_default_timeout(15_000)
    page = context.new_page()
    noise = Noise()
    page.on("pageerror", lambda error: noise.console.append(str(error)))
    page.on("console", lambda said: noise.console.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: None if _is_own(asked.url, address) else noise.foreign.append(asked.url))
    page.goto(address)
    page.wait_for_selector('.health:not([data-state="unknown"])')
    return Opened(page, noise)


def _is_own(url: str, address: str) -> bool:
    host = urlsplit(address).netloc
    return url.startswith((f"http://{host}", f"ws://{host}", "data:", "blob:"))


@pytest.fixture
def opened(browser: Browser, ui_url: str, service: FakeService) -> Iterator[Opened]:
    """The page in front of the healthy stand-in service; fails the test when the page made noise in its console."""
    page = open_page(browser, ui_url)
    page.page.wait_for_selector('.health[data-state="ready"]')
    yield page
    page.page.context.close()
    assert not page.noise.console
    assert not page.noise.foreign


@pytest.fixture
def page(opened: Opened) -> Page:
    """The page alone."""
    return opened.page


@pytest.fixture(scope="module")
def two_model_service() -> Iterator[FakeService]:
    """A service of this module, whose two models the UI learns when it starts."""
    service = FakeService()
    service.behaviour.two_models = True
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def compare_url(two_model_service: FakeService) -> Iterator[str]:
    """A UI in front of it."""
    with running_ui(two_model_service.url, QUICK_PROBES) as address:
        yield address + "/compare"


@pytest.fixture
def models(two_model_service: FakeService) -> Iterator[FakeService]:
    """The service, well and with nothing seen."""
    two_model_service.reset()
    two_model_service.behaviour.two_models = True
    yield two_model_service
    two_model_service.reset()
    two_model_service.behaviour.two_models = True


@pytest.fixture
def compared(browser: Browser, compare_url: str, models: FakeService) -> Iterator[Opened]:
    """The compare page with both models known; fails the test when the page made noise in its console."""
    opened = open_page(browser, compare_url)
    opened.page.wait_for_selector('[data-compare][data-left-model="efficientnet_lite0"]')
    yield opened
    opened.page.context.close()
    assert not opened.noise.console
    assert not opened.noise.foreign


@pytest.fixture
def compare(compared: Opened) -> Page:
    """The page alone."""
    return compared.page
