"""The compare page in a real browser: two models, two photos, every way in, and a side that fails."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import ROOT, running_ui
from tests.e2e.conftest import QUICK_PROBES, Opened, open_page
from tests.e2e.fake_service import LABELS, SECOND_LABELS, FakeService

pytestmark = pytest.mark.timeout(300)

EXAMPLES = ROOT / "assets" / "examples"
NO_BREAK = "\N{NO-BREAK SPACE}"

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


def slot(page: Page, side: str) -> Locator:
    return page.locator(f'[data-slot="{side}"]')


def choose(page: Page, side: str, name: str) -> None:
    slot(page, side).locator("input").set_input_files(EXAMPLES / name)


def choose_mode(page: Page, mode: str) -> None:
    page.click(f'label:has(input[name="mode"][value="{mode}"])')
    page.wait_for_selector(f'[data-compare][data-mode="{mode}"]')


def verdict(page: Page) -> Locator:
    return page.locator(".verdict-words")


def paths(service: FakeService) -> list[str]:
    return [seen["path"].split("?")[0] for seen in service.behaviour.seen]


def say_by_photo(service: FakeService) -> None:
    """Tabby for the cat, lynx for everything else."""
    cat = (EXAMPLES / "cat.jpg").read_bytes()
    service.behaviour.labels = lambda image: LABELS if image == cat else SECOND_LABELS


def test_one_photo_is_read_by_two_models_side_by_side(compare: Page, models: FakeService) -> None:
    """Each model is asked once; labels of both, on one scale, with the difference."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    expect(compare.locator(".verdict-shared")).to_have_text("4 of the first 5 labels are on both sides.")
    rows = compare.locator(".duel-rows li")
    expect(rows).to_have_count(6)
    expect(rows.nth(0)).to_contain_text(
        f"tabby: left 61.2{NO_BREAK}%, right 20.1{NO_BREAK}%, 41.1 points more on the left"
    )
    expect(rows.nth(4)).to_contain_text("cougar: right 1.2")
    expect(rows.nth(4)).to_contain_text("only on the right")
    names = ("efficientnet_lite0", "resnet50")
    assert sorted(paths(models)) == sorted(f"/v1/models/{name}/classify" for name in names)


def test_the_bars_of_both_sides_have_one_scale(compare: Page) -> None:
    """A score is as long on the left as on the right."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    compare.emulate_media(reduced_motion="reduce")
    widths = compare.locator(".duel-rows li").nth(0).locator(".duel-bar > span")
    left, right = (bar.evaluate("bar => bar.getBoundingClientRect().width") for bar in widths.all())
    assert left / right == pytest.approx(0.6121 / 0.2014, rel=0.02)


def test_two_photos_are_read_by_one_model(compare: Page, models: FakeService) -> None:
    """The same model for both; the photos are named."""
    say_by_photo(models)
    choose_mode(compare, "photos")
    choose(compare, "left", "cat.jpg")
    choose(compare, "right", "coffee.jpg")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    expect(compare.locator(".duel-name")).to_have_text(["cat.jpg", "coffee.jpg"])
    assert set(paths(models)) == {"/v1/models/efficientnet_lite0/classify"}


def test_two_photos_that_look_alike_agree(compare: Page) -> None:
    """Said in one line."""
    choose_mode(compare, "photos")
    choose(compare, "left", "cat.jpg")
    choose(compare, "right", "rocket.jpg")
    expect(verdict(compare)).to_have_text("Both say tabby")


def test_another_model_is_asked_with_the_photo_that_is_there(compare: Page, models: FakeService) -> None:
    """Choosing the other side's model changes the places; what was answered is not asked again."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    compare.get_by_label("Left model").select_option("resnet50")
    expect(verdict(compare)).to_have_text("They differ: lynx against tabby")
    expect(compare.get_by_label("Right model")).to_have_value("efficientnet_lite0")
    assert len(paths(models)) == 2


def test_the_other_mode_keeps_the_photo_and_what_was_answered(compare: Page, models: FakeService) -> None:
    """From two models to two photos and back."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    choose_mode(compare, "photos")
    expect(slot(compare, "left").locator("img")).to_be_visible()
    expect(slot(compare, "right").get_by_role("button", name="Choose a photo")).to_be_visible()
    choose_mode(compare, "models")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    assert len(paths(models)) == 2


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


def test_a_side_that_fails_says_why_and_can_be_tried_again_alone(compare: Page, models: FakeService) -> None:
    """The other side's answer stands meanwhile."""
    models.behaviour.second_problems = [(500, "internal", None)]
    choose(compare, "left", "cat.jpg")
    right = compare.locator('.duel-head[data-side="right"]')
    expect(right).to_contain_text("The service made a mistake")
    expect(right).to_contain_text("req-problem-51d0")
    expect(compare.locator(".duel-rows li").first).to_contain_text("tabby: left 61.2")
    expect(verdict(compare)).to_have_count(0)
    asked = len(models.behaviour.seen)
    right.get_by_role("button", name="Try again").click()
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    assert len(models.behaviour.seen) == asked + 1


def test_a_side_that_waits_shows_the_countdown_and_goes_on_by_itself(compare: Page, models: FakeService) -> None:
    """As busy as the service says."""
    models.behaviour.second_problems = [(429, "overloaded", 2)]
    choose(compare, "left", "cat.jpg")
    right = compare.locator('.duel-head[data-side="right"]')
    expect(right).to_contain_text("The service is busy")
    expect(right.locator("[data-until]")).to_contain_text("s")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")


def test_a_file_that_is_no_photo_is_refused_without_a_request(compare: Page, models: FakeService) -> None:
    """With words for both sides, since both would get it."""
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a photo"}
    slot(compare, "left").locator("input").set_input_files(file)
    expect(compare.locator(".side-title")).to_have_text(["This is not a photo"] * 2)
    assert not models.behaviour.seen


def test_a_photo_in_a_format_that_the_browser_cannot_draw_shows_the_servers_preview(compare: Page) -> None:
    """A TIFF, for one."""
    tiff = {"name": "scan.tiff", "mimeType": "image/tiff", "buffer": _make_tiff()}
    slot(compare, "left").locator("input").set_input_files(tiff)
    expect(slot(compare, "left").locator("img")).to_have_attribute("src", re.compile("^data:image/jpeg"))
    expect(slot(compare, "left").locator("img")).to_be_visible()


def test_what_was_compared_is_in_the_history(compare: Page) -> None:
    """An entry for each answer."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    compare.get_by_role("link", name="History").click()
    expect(compare.locator(".history-days .entry")).to_have_count(2)
    expect(compare.locator(".history-days")).to_contain_text("resnet50")


def test_the_comparison_is_still_there_after_a_look_at_another_page(compare: Page, models: FakeService) -> None:
    """And nothing is asked again."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    compare.get_by_role("link", name="History").click()
    expect(compare.locator(".history-days .entry")).to_have_count(2)
    compare.get_by_role("link", name="Compare").click()
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    expect(slot(compare, "left").locator("img")).to_be_visible()
    assert len(paths(models)) == 2


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


def test_the_result_is_announced_to_a_screen_reader(compare: Page, models: FakeService) -> None:
    """Trouble as it comes, then the verdict."""
    models.behaviour.second_problems = [(429, "overloaded", 2)]
    choose(compare, "left", "cat.jpg")
    said = compare.locator(".duel [role=status]")
    expect(said).to_contain_text("right: The service is busy.")
    expect(said).to_have_text("They differ: tabby against lynx")


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


def _make_tiff() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (32, 24), "teal").save(out, "TIFF")
    return out.getvalue()


def _expect_no_violation(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
