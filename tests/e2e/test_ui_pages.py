"""What holds for every page, in both themes and at every width, in a real browser; its pictures are kept.

Each run leaves pictures of every page in out/screenshots/pages (ignored by git), for eyes to judge what no test can.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import ROOT
from tests.e2e.conftest import Opened, open_page
from tests.e2e.fake_service import FakeService
from tests.e2e.measuring import measure_overflow, resize

pytestmark = pytest.mark.timeout(300)

OUT = ROOT / "out" / "screenshots" / "pages"
PAGES = {
    "classify": "/",
    "compare": "/compare",
    "history": "/history",
    "live": "/live",
    "api": "/api",
    "model": "/model",
}


def settled(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_selector('.health[data-state="ready"]')
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_the_console_is_silent(
    browser: Browser, ui_url: str, service: FakeService, name: str, scheme: str
) -> None:
    """Landmarks, names, labels, contrast, roles; no error, no warning, no request to another host."""
    opened = open_page(browser, ui_url + PAGES[name], scheme=scheme)
    settled(opened.page)
    found = Axe().run(opened.page)
    opened.page.context.close()
    assert found.violations_count == 0, found.generate_report()
    assert not opened.noise.console
    assert not opened.noise.foreign


@pytest.fixture(scope="module", params=PAGES)
def shown(
    request: pytest.FixtureRequest, browser: Browser, ui_url: str, fake_service: FakeService
) -> Iterator[tuple[str, Page]]:
    """Each page and its name; for tests that change nothing but its size and its colours."""
    fake_service.reset()
    page = open_page(browser, ui_url + PAGES[request.param]).page
    settled(page)
    yield request.param, page
    page.context.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1440, 3840])
def test_no_page_scrolls_sideways_and_each_leaves_its_picture(shown: tuple[str, Page], width: int) -> None:
    """From the smallest phone to a wall."""
    name, page = shown
    resize(page, width, {390: 844, 1440: 900}.get(width, 800))
    overflow = measure_overflow(page)
    OUT.mkdir(parents=True, exist_ok=True)
    if width in (390, 1440):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            page.screenshot(path=OUT / f"{name}-{scheme}-{width}.png", full_page=True)
    assert overflow == 0


def test_every_page_has_its_own_address_title_and_place_in_the_navigation(shown: tuple[str, Page]) -> None:
    """A link to it can be shared, and a reload stays on it."""
    name, page = shown
    current = page.locator(".nav [aria-current=page]")
    expect(current).to_have_text(name, ignore_case=True)
    assert "Argus" in page.title()
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator('meta[property="og:image"]')).to_have_count(1)
    title = page.title()
    page.reload()
    expect(current).to_have_text(name, ignore_case=True)
    assert page.title() == title


def test_titles_differ_and_the_navigation_changes_pages_without_loading_anew(opened: Opened) -> None:
    """The script's memory outlives the change, and with it the photos of a running batch."""
    page = opened.page
    page.evaluate("window.stillHere = true")
    titles = {page.title()}
    for name in list(PAGES)[1:]:
        page.locator(".nav a").filter(has_text=name.capitalize() if name != "api" else "API").click()
        page.wait_for_url(f"**{PAGES[name]}")
        expect(page.locator(".nav [aria-current=page]")).to_have_text(name, ignore_case=True)
        titles.add(page.title())
    assert len(titles) == len(PAGES)
    assert page.evaluate("window.stillHere") is True
