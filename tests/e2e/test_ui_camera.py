"""A photo from the camera, in a real browser with a camera of its own making."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import CHROMIUM_FLAGS
from tests.e2e.browser import chromium
from tests.e2e.conftest import open_page
from tests.e2e.fake_service import FakeService

pytestmark = pytest.mark.timeout(300)

CAMERA_FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def browser_with_camera() -> Iterator[Browser]:
    """Chromium with its moving test picture for a camera."""
    with chromium((*CHROMIUM_FLAGS, *CAMERA_FLAGS)) as running:
        yield running


def test_a_picture_from_the_camera_is_answered(browser_with_camera: Browser, ui_url: str, service: FakeService) -> None:
    """The dialog shows the camera, one click takes the picture and closes it."""
    page = open_page(browser_with_camera, ui_url).page
    page.get_by_role("button", name="Use the camera").first.click()
    page.get_by_role("button", name="Take the photo").click()
    expect(page.locator("dialog.camera")).to_be_hidden()
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
    expect(page.locator(".caption-name")).to_contain_text("camera-")
    page.context.close()
