"""The whole product in a real browser: the page, the real service behind it, real weights, the right label."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import running_ui
from tests.e2e.conftest import open_page

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def real_ui_url(real_service_url: str) -> Iterator[str]:
    """The production UI in front of the real service."""
    with running_ui(real_service_url) as address:
        yield address


@pytest.mark.parametrize(("photo", "expected"), [("cat", "cat|tabby"), ("coffee", "espresso|cup|coffee mug")])
def test_a_photo_uploaded_in_the_browser_gets_the_right_label(
    browser: Browser, real_ui_url: str, examples: Path, photo: str, expected: str
) -> None:
    """Choose a file, read the label, the model's name and the times on the page."""
    opened = open_page(browser, real_ui_url)
    page = opened.page
    expect(page.locator(".health")).to_contain_text("Ready")
    page.set_input_files('.zone input[type="file"]', examples / f"{photo}.jpg")
    expect(page.locator("[data-answer] li .label").first).to_have_text(re.compile(expected))
    expect(page.locator("[data-answer] li")).to_have_count(5)
    expect(page.locator(".origin")).to_contain_text("efficientnet_lite0")
    expect(page.locator(".times")).to_contain_text(re.compile(r"\d\s*ms"))
    page.context.close()
    assert not opened.noise.console


def test_a_damaged_photo_is_named_as_such_and_the_next_is_answered(
    browser: Browser, real_ui_url: str, examples: Path
) -> None:
    """The service's own refusal, in the page's words."""
    page = open_page(browser, real_ui_url).page
    cut_short = (examples / "cat.jpg").read_bytes()[:40]
    page.set_input_files('.zone input[type="file"]', {"name": "c.jpg", "mimeType": "image/jpeg", "buffer": cut_short})
    expect(page.locator(".note-title")).to_have_text("The photo cannot be read")
    page.set_input_files('.zone input[type="file"]', examples / "cat.jpg")
    expect(page.locator("[data-answer] li .label").first).to_have_text(re.compile("cat|tabby"))
    page.context.close()


def test_many_photos_are_answered_each_with_its_own_label(browser: Browser, real_ui_url: str, examples: Path) -> None:
    """None swapped on the way through queue, batches and replicas."""
    opened = open_page(browser, real_ui_url)
    page = opened.page
    kinds = {"cat": "cat|tabby", "coffee": "espresso|cup|coffee mug", "rocket": "missile|projectile|rocket"}
    photos = [
        {"name": f"{kind} {n}.jpg", "mimeType": "image/jpeg", "buffer": (examples / f"{kind}.jpg").read_bytes()}
        for n in range(8)
        for kind in kinds
    ]
    page.set_input_files('.zone input[type="file"]', photos)
    expect(page.locator("[data-summary]")).to_contain_text("24 of 24 answered", timeout=60_000)
    cards = page.locator(".card")
    for n, photo in enumerate(photos):
        kind = str(photo["name"]).split()[0]
        expect(cards.nth(n)).to_contain_text(re.compile(kinds[kind]))
    page.context.close()
    assert not opened.noise.console


def test_the_live_page_counts_what_the_classify_page_sends(browser: Browser, real_ui_url: str, examples: Path) -> None:
    """The service's own figures, through its status, on the page."""
    page = open_page(browser, f"{real_ui_url}/live").page
    expect(page.locator("main")).to_contain_text(re.compile(r"1\s*of 1 running"))
    served = page.locator("main").get_by_text("Served").first
    expect(served).to_be_visible()
    other = open_page(browser, real_ui_url).page
    other.set_input_files('.zone input[type="file"]', [examples / "cat.jpg"] * 40)
    expect(other.locator("[data-summary]")).to_contain_text("40 of 40 answered", timeout=60_000)
    expect(page.locator("main")).not_to_contain_text("Nothing was asked")
    other.context.close()
    page.context.close()


def test_the_api_page_shows_what_the_real_service_answers(browser: Browser, real_ui_url: str) -> None:
    """Status, body, and the time the service says it took."""
    page = open_page(browser, f"{real_ui_url}/api").page
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("main")).to_contain_text('"predictions"')
    expect(page.locator("main")).to_contain_text(re.compile("Server-Timing", re.IGNORECASE))
    page.context.close()


def test_the_model_page_shows_the_card_and_finds_a_label(browser: Browser, real_ui_url: str) -> None:
    """The measured accuracy, and one label of a thousand."""
    page = open_page(browser, f"{real_ui_url}/model").page
    expect(page.locator("main")).to_contain_text("88.")
    page.get_by_role("searchbox").fill("espresso")
    expect(page.locator("main")).to_contain_text("espresso maker")
    expect(page.locator("main")).not_to_contain_text("tench")
    page.context.close()
