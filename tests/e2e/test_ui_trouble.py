"""What the page says and does when something is wrong with the photo or the service, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import ROOT, free_port, running_ui
from tests.e2e.conftest import QUICK_PROBES, open_page
from tests.e2e.fake_service import FakeService

pytestmark = pytest.mark.timeout(300)

CAT = ROOT / "assets" / "examples" / "cat.jpg"
FILE_INPUT = '.zone input[type="file"]'
PANEL = ".panel"


def health(page: Page, state: str) -> None:
    page.wait_for_selector(f'.health[data-state="{state}"]')


def test_a_file_that_is_no_image_is_refused_at_once(page: Page, service: FakeService) -> None:
    """Nothing is sent, and the page says what to choose instead."""
    page.set_input_files(FILE_INPUT, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a photo"})
    expect(page.locator(PANEL)).to_contain_text("This is not a photo")
    expect(page.locator(PANEL)).to_contain_text("Choose a JPEG")
    assert not service.behaviour.seen


def test_a_file_that_is_too_large_is_refused_with_its_size(page: Page, service: FakeService, tmp_path: Path) -> None:
    """The sizes that are and that may be."""
    huge = tmp_path / "huge.jpg"
    huge.write_bytes(bytes(12_000_000))
    page.set_input_files(FILE_INPUT, huge)
    expect(page.locator(PANEL)).to_contain_text("The file is too large")
    expect(page.locator(PANEL)).to_contain_text("12.0\N{NO-BREAK SPACE}MB")
    assert not service.behaviour.seen


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (413, "payload_too_large", "The file is too large"),
        (415, "unsupported_media_type", "This is not a photo"),
        (422, "undecodable_image", "The photo cannot be read"),
        (422, "image_too_large", "The photo has too many pixels"),
        (504, "deadline_exceeded", "The answer took too long"),
        (500, "internal", "The service made a mistake"),
    ],
)
def test_each_refusal_of_the_service_has_its_own_words(
    page: Page, service: FakeService, status: int, code: str, words: str
) -> None:
    """Words, the code and the request id; then a good photo is answered as if nothing had been."""
    service.behaviour.problems = [(status, code, None)]
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".note-title")).to_have_text(words)
    expect(page.locator(".note-code")).to_contain_text(code)
    expect(page.locator(".note-code")).to_contain_text("req-problem-51d0")
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")


def test_a_failed_photo_can_be_sent_again_without_choosing_it_anew(page: Page, service: FakeService) -> None:
    """Try again sends the same bytes."""
    service.behaviour.problems = [(500, "internal", None)]
    page.set_input_files(FILE_INPUT, CAT)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
    sizes = {seen["bytes"] for seen in service.behaviour.seen if "/classify" in seen["path"]}
    assert len(sizes) == 1


def test_a_busy_service_is_asked_again_after_the_time_it_named(page: Page, service: FakeService) -> None:
    """The countdown shows, then the answer, with nobody doing anything."""
    service.behaviour.problems = [(429, "overloaded", 2)]
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".note-title")).to_have_text("The service is busy")
    expect(page.locator(".panel [data-until]")).to_contain_text("s")
    expect(page.locator(".banner")).to_contain_text("The service is busy.")
    expect(page.locator(".banner-clock")).to_have_text(re.compile(r"\d+\s*s"))
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
    expect(page.locator(".banner")).to_have_count(0)


def test_every_refused_photo_of_a_batch_says_when_its_turn_comes(page: Page, service: FakeService) -> None:
    """On its card, in seconds; the banner has the first of them and goes with the last."""
    service.behaviour.problems = [(429, "overloaded", 60)] * 2
    page.set_input_files(FILE_INPUT, [CAT, CAT])
    expect(page.locator(".card [data-until]")).to_have_count(2)
    expect(page.locator(".card [data-until]").first).to_have_text(re.compile(r"\d+\s*s"))
    expect(page.locator(".banner")).to_contain_text("The service is busy.")
    for _ in range(2):
        page.locator('.card[data-status="waiting"] [data-retry]').first.click()
    expect(page.locator('.card[data-status="done"]')).to_have_count(2)
    expect(page.locator(".banner")).to_have_count(0)


def test_waiting_can_be_cut_short_or_given_up(page: Page, service: FakeService) -> None:
    """Try now asks at once; Cancel returns to the empty page."""
    service.behaviour.problems = [(429, "overloaded", 60)] * 2
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".panel [data-until]")).to_contain_text("s")
    asked = len(service.behaviour.seen)
    page.get_by_role("button", name="Try now").click()
    service.wait_until_seen(asked + 1)
    expect(page.locator(".panel [data-until]")).to_contain_text("s")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".drop-invitation")).to_be_visible()
    assert len(service.behaviour.seen) == asked + 1


def test_a_photo_dropped_while_the_service_starts_is_answered_when_it_is_ready(
    page: Page, service: FakeService
) -> None:
    """The banner with its seconds, the photo kept, the answer by itself."""
    service.behaviour.ready = False
    health(page, "starting")
    expect(page.locator(".banner")).to_contain_text("The service is starting.")
    expect(page.locator(".banner-clock")).to_have_text(re.compile(r"\d+\s*s"))
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".note-title")).to_have_text("The service is starting")
    service.behaviour.ready = True
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")


def test_a_service_that_goes_away_and_comes_back_is_noticed_by_itself(page: Page, service: FakeService) -> None:
    """Down, the photo kept; back, the photo answered and the recovery said; then the banner goes."""
    service.stop()
    health(page, "unreachable")
    expect(page.locator(".banner")).to_contain_text("The service does not answer.")
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".note-title")).to_have_text("The service does not answer")
    service.start()
    health(page, "ready")
    expect(page.locator(".banner")).to_contain_text("The service is back.")
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
    expect(page.locator(".banner")).to_have_count(0)


def test_a_page_that_loses_its_own_server_says_so_and_goes_on_with_the_next(
    browser: Browser, service: FakeService
) -> None:
    """The server is restarted: the banner comes and goes, and the page works without a reload."""
    port = free_port()
    with running_ui(service.url, QUICK_PROBES, port) as address:
        page = open_page(browser, address).page
        page.set_input_files(FILE_INPUT, CAT)
        expect(page.locator("[data-answer]")).to_be_visible()
    expect(page.locator(".banner")).to_contain_text("This page has lost its own server.")
    with running_ui(service.url, QUICK_PROBES, port):
        expect(page.locator(".banner")).to_have_count(0, timeout=15_000)
        health(page, "ready")
        # The new server has never seen the photo: the page has told it again.
        expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
        page.set_input_files(FILE_INPUT, CAT)
        expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
        page.context.close()
