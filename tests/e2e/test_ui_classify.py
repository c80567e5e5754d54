"""A photo's way through the page in a real browser: every way in, the answer, and what can be done with it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import ROOT
from tests.e2e.conftest import Opened, open_page
from tests.e2e.fake_service import LABELS, FakeService

pytestmark = pytest.mark.timeout(300)

CAT = ROOT / "assets" / "examples" / "cat.jpg"
FILE_INPUT = '.zone input[type="file"]'

# Builds a File in the page and hands it over as the browser would.
DROP = """
async ([target, address, type]) => {
  const blob = await (await fetch(address)).blob();
  const files = new DataTransfer();
  files.items.add(new File([blob], "dropped.jpg", { type: blob.type }));
  const place = document.querySelector(target);
  const event = type === "paste"
    ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })
    : new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true });
  place.dispatchEvent(event);
}
"""


def top_label(page: Page) -> None:
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")


def test_a_chosen_photo_is_answered_with_labels_scores_times_and_model(page: Page) -> None:
    """The main job: choose a file, read the answer."""
    page.set_input_files(FILE_INPUT, CAT)
    rows = page.locator("[data-answer] li")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("tabby")
    expect(rows.first).to_contain_text("61.2\N{NO-BREAK SPACE}%")
    expect(page.locator(".times")).to_contain_text("2.4\N{NO-BREAK SPACE}ms")
    expect(page.locator(".origin")).to_contain_text("efficientnet_lite0")
    expect(page.locator(".origin")).to_contain_text("bf16")
    expect(page.locator(".caption")).to_contain_text("cat.jpg")
    expect(page.locator(".caption")).to_contain_text("451 × 300")


def test_the_service_receives_the_very_bytes_that_were_chosen(page: Page, service: FakeService) -> None:
    """The page sends the photo as it is, once."""
    page.set_input_files(FILE_INPUT, CAT)
    top_label(page)
    posts = [seen for seen in service.behaviour.seen if "/classify" in seen["path"]]
    assert len(posts) == 1
    assert posts[0]["bytes"] >= CAT.stat().st_size
    assert posts[0]["path"].startswith("/v1/classify")


@pytest.mark.parametrize("target", [".zone", ".footnote"])
def test_a_photo_dropped_anywhere_on_the_page_is_answered(page: Page, target: str) -> None:
    """The dropzone is the whole page."""
    page.evaluate(DROP, [target, "/examples/cat.jpg", "drop"])
    top_label(page)
    expect(page.locator(".caption-name")).to_have_text("dropped.jpg")


def test_a_pasted_photo_is_answered(page: Page) -> None:
    """Ctrl V with an image in the clipboard."""
    page.evaluate(DROP, ["body", "/examples/coffee.jpg", "paste"])
    top_label(page)


def test_dragging_a_file_over_the_page_says_that_it_may_be_dropped(page: Page) -> None:
    """The sign appears with the file and goes with it."""
    page.evaluate(DROP, ["main", "/examples/cat.jpg", "dragenter"])
    expect(page.locator(".drop-anywhere")).to_be_visible()
    page.evaluate(DROP, ["main", "/examples/cat.jpg", "dragleave"])
    expect(page.locator(".drop-anywhere")).to_be_hidden()


@pytest.mark.parametrize("name", ["cat", "coffee", "rocket"])
def test_an_example_is_one_click_away(page: Page, name: str) -> None:
    """Each thumbnail classifies its photo."""
    page.click(f"[data-example*={name}]")
    top_label(page)
    expect(page.locator(".caption-name")).to_have_text(f"{name}.jpg")


def test_the_photo_shows_before_the_answer(page: Page, service: FakeService) -> None:
    """The thumbnail needs neither the server nor the service."""
    service.behaviour.hold = True
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".local-photo img")).to_be_visible()
    expect(page.locator(".working")).to_contain_text("Reading the photo")
    expect(page.locator("[data-answer]")).to_have_count(0)
    service.behaviour.released.set()
    top_label(page)


def test_a_reload_keeps_photo_and_answer(page: Page) -> None:
    """The session outlives the page's script: its small copy stands in for the photo."""
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".kept-photo")).to_have_count(1)
    page.reload()
    top_label(page)
    expect(page.locator(".kept-photo")).to_be_visible()


def test_the_controls_change_the_answer_without_a_new_request(page: Page, service: FakeService) -> None:
    """How many labels, and from which score."""
    page.set_input_files(FILE_INPUT, CAT)
    rows = page.locator("[data-answer] li")
    expect(rows).to_have_count(5)
    page.click('label:has(input[name="top_k"][value="10"])')
    expect(rows).to_have_count(len(LABELS))
    page.click('label:has(input[name="min_score"][value="20"])')
    expect(rows).to_have_count(2)
    assert len([seen for seen in service.behaviour.seen if "/classify" in seen["path"]]) == 1
    page.reload()
    expect(rows).to_have_count(2)


def test_the_request_id_is_copied_with_one_click(opened: Opened) -> None:
    """What a person reports to whoever runs the service."""
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.set_input_files(FILE_INPUT, CAT)
    copy = page.locator(".copy")
    copy.click()
    expect(copy).to_have_attribute("data-copied", "")
    assert re.fullmatch(r"req-\d+-7c1e", page.evaluate("navigator.clipboard.readText()"))


def test_everything_works_with_the_keyboard_alone(page: Page) -> None:
    """Tab to an example, Enter, and on to the controls."""
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.title || document.activeElement.name || "
                "document.activeElement.textContent.trim()"
            )
        )
        if reached[-1] == "A cup of coffee":
            page.keyboard.press("Enter")
            break
    assert "Choose photos" in reached
    top_label(page)
    page.focus('input[name="top_k"]:checked')
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-answer] li")).to_have_count(len(LABELS))


def test_the_answer_is_announced_to_a_screen_reader(page: Page) -> None:
    """The live region says the labels and scores."""
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".panel [role=status]")).to_contain_text("tabby, 61.2")


def test_a_second_photo_replaces_the_first(page: Page, tmp_path: Path) -> None:
    """Choosing again, the same file included, asks again."""
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".copy")).to_contain_text("req-0001")
    page.set_input_files(FILE_INPUT, CAT)
    expect(page.locator(".copy")).to_contain_text("req-0002")
    other = tmp_path / "other name.jpg"
    other.write_bytes(CAT.read_bytes())
    page.set_input_files(FILE_INPUT, other)
    expect(page.locator(".caption-name")).to_have_text("other name.jpg")
    expect(page.locator(".copy")).to_contain_text("req-0003")


def test_two_sessions_do_not_see_each_other(browser: Browser, ui_url: str, page: Page) -> None:
    """What one person drops stays on that page."""
    page.set_input_files(FILE_INPUT, CAT)
    top_label(page)
    other = open_page(browser, ui_url).page
    expect(other.locator(".drop-invitation")).to_be_visible()
    expect(other.locator("[data-answer]")).to_have_count(0)
    other.context.close()
