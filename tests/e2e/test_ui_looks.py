"""What holds for the page in every theme and at every width, in a real browser."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Opened, open_page
from tests.e2e.fake_service import FakeService
from tests.e2e.measuring import measure_overflow, resize
from tests.e2e.pictures_classify import done, empty, overloaded, too_large, undecodable, unreachable

pytestmark = pytest.mark.timeout(300)

State = Callable[[Page, FakeService], None]


@pytest.fixture(scope="module", params=[empty, done])
def shown(request: pytest.FixtureRequest, browser: Browser, ui_url: str, fake_service: FakeService) -> Iterator[Page]:
    """A page in a state, for tests that change nothing but its size."""
    fake_service.reset()
    page = open_page(browser, ui_url).page
    request.param(page, fake_service)
    yield page
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", [empty, done, undecodable, overloaded, unreachable, too_large])
def test_axe_finds_nothing_in_any_state_and_theme(
    browser: Browser, ui_url: str, service: FakeService, state: State, scheme: str
) -> None:
    """Landmarks, names, labels, contrast, roles."""
    page = open_page(browser, ui_url, scheme=scheme).page
    page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
    state(page, service)
    found = Axe().run(page)
    page.context.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1440, 3840])
def test_nothing_scrolls_sideways(shown: Page, width: int) -> None:
    """From the smallest phone to a wall, before and after the answer."""
    resize(shown, width, 800)
    assert measure_overflow(shown) == 0


def test_a_laptop_shows_the_first_screen_without_scrolling(shown: Page) -> None:
    """At 1280 by 800 all of it is there, before and after the answer."""
    resize(shown, 1280, 800)
    assert shown.evaluate("document.documentElement.scrollHeight") <= 800


def test_a_phone_shows_what_where_examples_and_health_without_scrolling(
    browser: Browser, ui_url: str, service: FakeService
) -> None:
    """At 390 by 844: the headline, the button, three examples, the service's health."""
    page = open_page(browser, ui_url, width=390, height=844).page
    for selector in ("h1", ".drop-invitation .primary", ".example >> nth=2", ".health"):
        expect(page.locator(selector)).to_be_in_viewport(ratio=1)
    page.context.close()


def test_the_theme_follows_the_system_until_one_is_chosen_and_stays_chosen(opened: Opened) -> None:
    """System, then dark by choice, dark again after a reload."""
    page = opened.page
    body = page.locator("body")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    expect(body).not_to_have_css("background-color", light)
    page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", light)
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(body).not_to_have_css("background-color", light)
    page.reload()
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(body).not_to_have_css("background-color", light)


def test_the_typeface_is_the_pages_own(opened: Opened) -> None:
    """Loaded from this server, with figures of one width."""
    page = opened.page
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"Geist Variable\"'))")
    widths = page.evaluate(
        """() => ["1111", "0000"].map(text => {
            const probe = document.body.appendChild(document.createElement("span"));
            probe.textContent = text;
            const width = probe.getBoundingClientRect().width;
            probe.remove();
            return width;
        })"""
    )
    assert widths[0] == widths[1] > 0


def test_the_page_has_a_title_an_icon_and_a_preview_for_sharing(opened: Opened) -> None:
    """And each file that is named is there."""
    page = opened.page
    assert page.title() == "Argus: what is in the picture?"
    for selector, attribute in (('link[rel="icon"]', "href"), ('meta[property="og:image"]', "content")):
        address = page.locator(selector).get_attribute(attribute)
        assert address is not None
        assert page.request.get(page.url.rstrip("/") + address).ok
