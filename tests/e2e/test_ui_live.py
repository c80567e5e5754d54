"""The live page in a real browser: instruments that follow the service, and the load that moves them."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import running_ui
from tests.e2e.conftest import QUICK_PROBES, open_page
from tests.e2e.fake_service import FakeService
from tests.e2e.fake_status import Scale

pytestmark = pytest.mark.timeout(300)

QUICK = {**QUICK_PROBES, "ARGUS_UI_STATUS_INTERVAL_S": "0.2"}
# Both charts have a gap that reaches to their right edge.
GAPS_AT_THE_END = """() => [...document.querySelectorAll(".trace-gap")].filter((gap) =>
    gap.getBoundingClientRect().right >= gap.parentElement.getBoundingClientRect().right - 1).length === 2"""
BUSY = {
    "requests_per_s": 110.0,
    "images_per_s": 110.0,
    "refused_per_s": 3.2,
    "offered_per_s": 113.2,
    "ongoing": 12,
    "queued": 8,
    "latency_ms": {"p50": 12.0, "p95": 30.5, "p99": 41.0},
}


@pytest.fixture(scope="module")
def live_url(fake_service: FakeService) -> Iterator[str]:
    """The UI in front of the stand-in service, asking it five times a second."""
    with running_ui(fake_service.url, QUICK) as address:
        yield f"{address}/live"


@pytest.fixture
def page(browser: Browser, live_url: str, service: FakeService) -> Iterator[Page]:
    """The live page with figures on it; fails the test when it made noise in its console."""
    opened = open_page(browser, live_url)
    wait_for_figures(opened.page)
    yield opened.page
    opened.page.context.close()
    assert not opened.noise.console


def wait_for_figures(page: Page) -> None:
    page.wait_for_selector('.instruments[data-state="answering"] .cell')


def figure(page: Page, kind: str) -> str:
    return f'.trace-figures [data-kind="{kind}"] dd'


def choose(page: Page, name: str, value: str) -> None:
    choice = page.locator(f'input[name="{name}"][value="{value}"]')
    choice.click()
    expect(choice).to_be_checked()


def stop_load(page: Page) -> None:
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Send load")).to_be_visible()


def test_figures_and_charts_follow_the_service(page: Page, service: FakeService) -> None:
    """Idle, then busy: numbers, gauge, counters, lines and the words for those who do not see them."""
    expect(page.locator(figure(page, "served"))).to_have_text("0/s")
    expect(page.locator(".trace-note")).to_have_text("Nothing was asked in these two minutes")
    service.behaviour.ledger.shown = BUSY
    expect(page.locator(figure(page, "served"))).to_have_text("110/s")
    expect(page.locator(figure(page, "offered"))).to_have_text("113/s")
    expect(page.locator(figure(page, "p95"))).to_have_text("30ms")
    expect(page.locator('.counter[data-kind="refused"] .dial')).to_have_text("3.2/s")
    expect(page.locator(".gauge-words")).to_contain_text("4 in work")
    expect(page.locator(".gauge-words")).to_contain_text("8 waiting")
    expect(page.locator('.trace-svg [data-kind="refused"][data-shape="line"]')).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("offered 113, served 110"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("95 % within 30"))).to_be_visible()
    expect(page.locator(".trace-note")).to_have_count(0)


def test_lines_move_on_with_time(page: Page, service: FakeService) -> None:
    """A line of one value has more points at each beat."""
    line = page.locator('.trace-svg [data-kind="served"][data-shape="line"]')
    before = line.get_attribute("d")
    expect(line).not_to_have_attribute("d", before or "")


def test_cells_follow_the_replicas(page: Page, service: FakeService) -> None:
    """One runs; another is wanted, starts, runs; then one stops. A screen reader hears of it."""
    cells = page.locator(".cell")

    def expect_cells(*kinds: str) -> None:
        for index, kind in enumerate(kinds):
            expect(cells.nth(index)).to_have_attribute("data-kind", kind)
        expect(cells).to_have_count(len(kinds))

    expect_cells("running", "free", "free", "free")
    service.behaviour.ledger.scale = Scale(running=1, target=3)
    expect_cells("running", "target", "target", "free")
    service.behaviour.ledger.scale = Scale(running=1, starting=2, target=3)
    expect_cells("running", "starting", "starting", "free")
    expect(page.locator(".replicas")).to_contain_text("2 starting")
    service.behaviour.ledger.scale = Scale(running=3, target=3)
    expect_cells("running", "running", "running", "free")
    expect(page.locator("#content > [role=status]")).to_have_text("3 of 3 running.")
    service.behaviour.ledger.scale = Scale(running=2, stopping=1, target=2)
    expect_cells("running", "running", "stopping", "free")


def test_load_is_sent_counted_and_stopped(page: Page, service: FakeService) -> None:
    """The button becomes Stop, the service gets the example photos, the result stays to be read."""
    choose(page, "connections", "64")
    page.get_by_role("button", name="Send load").click()
    expect(page.locator(".load-words")).to_contain_text("Sending over 64 connections")
    expect(page.locator(".load .left")).to_have_text(re.compile(r"\d+\s*s left"))
    service.wait_until_seen(100)
    assert len({seen["bytes"] for seen in service.behaviour.seen}) == 3
    expect(page.locator(figure(page, "served"))).not_to_have_text("0/s")
    stop_load(page)
    expect(page.locator(".load-words")).to_contain_text("over 64 connections")
    expect(page.locator(".load-words")).to_contain_text(re.compile(r"[1-9]\d* answered, 0 refused, 0 failed"))


def test_load_ends_by_itself(page: Page, service: FakeService) -> None:
    """After the ten seconds that were chosen."""
    choose(page, "connections", "4")
    choose(page, "seconds", "10")
    page.get_by_role("button", name="Send load").click()
    expect(page.locator(".load-words")).to_contain_text("Sending over 4 connections")
    expect(page.locator(".load-words h2")).to_have_text(
        re.compile(r"Sent for 10\s*s over 4 connections"), timeout=30_000
    )


def test_load_honours_a_full_service(page: Page, service: FakeService) -> None:
    """Each connection that is told to come back in a minute does not come back before."""
    service.behaviour.problems = [(429, "overloaded", 60)] * 1000
    choose(page, "connections", "4")
    page.get_by_role("button", name="Send load").click()
    expect(page.locator(".load-words p")).to_have_text("0 answered, 4 refused, 0 failed")
    expect(page.locator('.counter[data-kind="refused"]')).to_contain_text("4 since it started")
    stop_load(page)
    assert len(service.behaviour.seen) == 4


def test_load_ends_when_its_page_is_left_but_shows_on_others(
    browser: Browser, page: Page, live_url: str, service: FakeService
) -> None:
    """A second visitor sees it run, and sees it stop when the first goes to another page."""
    other = open_page(browser, live_url).page
    page.get_by_role("button", name="Send load").click()
    expect(other.locator(".load-words")).to_contain_text("Sending over 16 connections")
    page.get_by_role("link", name="Model").click()
    expect(other.locator(".load-words")).to_contain_text("Stopped after", timeout=20_000)
    other.context.close()


def test_a_service_that_goes_away_leaves_the_past_and_a_gap(page: Page, service: FakeService) -> None:
    """Figures go, lines stay; back again, lines go on behind the gap."""
    service.behaviour.ledger.shown = BUSY
    expect(page.locator(figure(page, "served"))).to_have_text("110/s")
    service.stop()
    expect(page.locator(".instruments")).to_have_attribute("data-state", "unreachable")
    expect(page.locator(figure(page, "served"))).to_have_text("\N{EN DASH}")
    page.wait_for_function(GAPS_AT_THE_END)
    line = page.locator('.trace-svg [data-kind="served"][data-shape="line"]')
    pieces = (line.get_attribute("d") or "").count("M")
    assert pieces
    service.start()
    expect(page.locator(figure(page, "served"))).to_have_text("110/s")
    expect(line).to_have_attribute("d", re.compile(f"^(M[^M]+){{{pieces + 1}}}$"))


def test_a_service_without_a_status_says_what_to_do(browser: Browser, live_url: str, service: FakeService) -> None:
    """In place of empty instruments."""
    service.behaviour.ledger.known = False
    page = open_page(browser, live_url).page
    expect(page.locator(".live-none")).to_contain_text("This service does not report what it does")
    expect(page.locator(".live-none")).to_contain_text("Update it")
    service.behaviour.ledger.known = True
    wait_for_figures(page)
    page.context.close()


def test_sending_load_to_another_machine_is_off_until_allowed(browser: Browser) -> None:
    """The page says why and how to allow it; the switch makes the button appear."""
    elsewhere = "http://service.invalid:8000"
    with running_ui(elsewhere, QUICK) as address:
        page = open_page(browser, f"{address}/live").page
        expect(page.locator(".load")).to_contain_text("Sending load is off here")
        expect(page.locator(".load code")).to_have_text("ARGUS_UI_ALLOW_LOAD=1")
        expect(page.get_by_role("button", name="Send load")).to_have_count(0)
        page.context.close()
    with running_ui(elsewhere, {**QUICK, "ARGUS_UI_ALLOW_LOAD": "1"}) as address:
        page = open_page(browser, f"{address}/live").page
        expect(page.get_by_role("button", name="Send load")).to_be_visible()
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_busy_page(browser: Browser, live_url: str, service: FakeService, scheme: str) -> None:
    """Names, roles, contrast."""
    service.behaviour.ledger.shown = BUSY
    service.behaviour.ledger.scale = Scale(running=1, starting=1, target=3)
    page = open_page(browser, live_url, scheme=scheme).page
    page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
    wait_for_figures(page)
    found = Axe().run(page)
    page.context.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [360, 768, 1440, 3840])
def test_the_live_page_fits_every_width(browser: Browser, live_url: str, service: FakeService, width: int) -> None:
    """Even with more replicas than a row holds."""
    service.behaviour.ledger.shown = BUSY
    service.behaviour.ledger.scale = Scale(running=70, starting=10, target=80, most=200)
    page = open_page(browser, live_url, width=width).page
    wait_for_figures(page)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.context.close()
    assert overflow == 0
