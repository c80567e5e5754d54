"""The compare page in a real browser: every way in, by keyboard too; what holds in each theme and at every width."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.comparing import EXAMPLES, choose, choose_mode, slot, verdict
from tests.e2e.conftest import open_page
from tests.e2e.fake_service import LABELS, FakeService

pytestmark = pytest.mark.timeout(300)

# Builds Files in the page and hands them over as the browser would.
HAND_OVER = """
async ([target, names, type]) => {
  const files = new DataTransfer();
  for (const name of names) {
    const blob = await (await fetch(`/examples/${name}`)).blob();
    files.items.add(new File([blob], name, { type: blob.type }));
  }
  const place = document.querySelector(target);
  const { left, top } = place.getBoundingClientRect();
  const options = { bubbles: true, cancelable: true, clientX: left + 1, clientY: top + 1 };
  place.dispatchEvent(type === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: files })
    : new DragEvent(type, { ...options, dataTransfer: files }));
}
"""


def test_photos_come_by_drop_paste_and_example(compare: Page, models: FakeService) -> None:
    """A drop goes where it is dropped, a paste and an example to the empty side."""
    choose_mode(compare, "photos")
    compare.evaluate(HAND_OVER, ['[data-slot="right"]', ["coffee.jpg"], "drop"])
    expect(slot(compare, "right").locator("[data-slot-name]")).to_have_text("coffee.jpg")
    expect(slot(compare, "left").locator("[data-slot-name]")).to_have_text("")
    compare.evaluate(HAND_OVER, ["body", ["cat.jpg"], "paste"])
    expect(slot(compare, "left").locator("[data-slot-name]")).to_have_text("cat.jpg")
    slot(compare, "right").get_by_role("button", name="Remove").click()
    compare.get_by_role("button", name="A rocket").click()
    expect(slot(compare, "right").locator("[data-slot-name]")).to_have_text("rocket.jpg")
    expect(verdict(compare)).to_be_visible()


def test_two_photos_dropped_at_once_fill_both_sides(compare: Page) -> None:
    """Wherever they are dropped."""
    choose_mode(compare, "photos")
    compare.evaluate(HAND_OVER, [".intro", ["cat.jpg", "coffee.jpg"], "drop"])
    expect(slot(compare, "left").locator("[data-slot-name]")).to_have_text("cat.jpg")
    expect(slot(compare, "right").locator("[data-slot-name]")).to_have_text("coffee.jpg")
    expect(verdict(compare)).to_be_visible()


def test_a_paste_goes_to_the_side_with_the_focus(compare: Page) -> None:
    """Also where a photo is already."""
    choose_mode(compare, "photos")
    compare.evaluate(HAND_OVER, [".intro", ["cat.jpg", "coffee.jpg"], "drop"])
    expect(verdict(compare)).to_be_visible()
    slot(compare, "right").get_by_role("button", name="Choose another").focus()
    compare.evaluate(HAND_OVER, ["body", ["rocket.jpg"], "paste"])
    expect(slot(compare, "right").locator("[data-slot-name]")).to_have_text("rocket.jpg")
    expect(slot(compare, "left").locator("[data-slot-name]")).to_have_text("cat.jpg")


def test_mode_and_models_are_as_they_were_after_a_reload(compare: Page) -> None:
    """Kept by the browser."""
    compare.get_by_label("Left model").select_option("resnet50")
    expect(compare.get_by_label("Right model")).to_have_value("efficientnet_lite0")
    choose_mode(compare, "photos")
    compare.reload()
    compare.wait_for_selector('[data-compare][data-mode="photos"]')
    choose_mode(compare, "models")
    expect(compare.get_by_label("Left model")).to_have_value("resnet50")


def test_a_service_with_one_model_says_how_to_add_another_and_offers_two_photos(page: Page, ui_url: str) -> None:
    """The lines for the configuration, ready to copy, and the way on."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ui_url + "/compare")
    expect(page.get_by_role("heading", name="This service has one model so far")).to_be_visible()
    expect(page.locator(".one-model")).to_contain_text("serve_config.yaml")
    expect(slot(page, "left")).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 800})
    assert _overflow(page) == 0
    expect(page.get_by_role("button", name="Copy")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copy")).to_have_attribute("data-copied", "")
    assert "- weights: efficientnet_lite0\n" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Compare two photos instead").click()
    choose(page, "left", "cat.jpg")
    choose(page, "right", "coffee.jpg")
    expect(verdict(page)).to_have_text("Both say tabby")


def test_comparing_works_with_the_keyboard_alone(compare: Page) -> None:
    """Tab to the mode, an example for each side, the number of labels."""
    compare.locator('input[name="mode"]:checked').focus()
    compare.keyboard.press("ArrowRight")
    compare.wait_for_selector('[data-compare][data-mode="photos"]')
    for name in ("A cat", "A rocket"):
        for _ in range(20):
            compare.keyboard.press("Tab")
            if compare.evaluate("document.activeElement.title") == name:
                break
        compare.keyboard.press("Enter")
    expect(verdict(compare)).to_have_text("Both say tabby")
    for _ in range(20):
        compare.keyboard.press("Tab")
        if compare.evaluate("document.activeElement.name") == "compare_top_k":
            break
    compare.keyboard.press("ArrowRight")
    expect(compare.locator(".duel-rows li")).to_have_count(len(LABELS))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_the_comparison(
    browser: Browser, compare_url: str, models: FakeService, scheme: str
) -> None:
    """Empty, one side failed, both there, two photos."""
    page = open_page(browser, compare_url, scheme=scheme).page
    page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
    page.wait_for_selector('[data-compare][data-left-model="efficientnet_lite0"]')
    _expect_no_violation(page)
    models.behaviour.second_problems = [(500, "internal", None)]
    choose(page, "left", "cat.jpg")
    page.get_by_role("button", name="Try again").wait_for()
    _expect_no_violation(page)
    page.get_by_role("button", name="Try again").click()
    expect(verdict(page)).to_be_visible()
    _expect_no_violation(page)
    choose_mode(page, "photos")
    choose(page, "right", "coffee.jpg")
    expect(verdict(page)).to_be_visible()
    _expect_no_violation(page)
    page.context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_comparison_does_not_scroll_sideways(
    browser: Browser, compare_url: str, models: FakeService, width: int
) -> None:
    """In both modes, with labels and names of any length."""
    endless = "averylonglabelwithoutanyplacetobreakit" * 3
    models.behaviour.labels = lambda image: ((endless, 0.9), *LABELS[1:])
    page = open_page(browser, compare_url, width=width).page
    page.wait_for_selector('[data-compare][data-left-model="efficientnet_lite0"]')
    photo = {"name": f"{endless}.jpg", "mimeType": "image/jpeg", "buffer": (EXAMPLES / "cat.jpg").read_bytes()}
    slot(page, "left").locator("input").set_input_files(photo)
    expect(verdict(page)).to_be_visible()
    overflows = [_overflow(page)]
    choose_mode(page, "photos")
    slot(page, "right").locator("input").set_input_files(photo)
    expect(verdict(page)).to_be_visible()
    overflows.append(_overflow(page))
    page.context.close()
    assert overflows == [0, 0]


def _overflow(page: Page) -> int:
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(width)


def _expect_no_violation(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
