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
