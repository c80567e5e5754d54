"""The history in a real browser: what is found, looked at, removed and taken away, by keyboard too."""

import csv
import json
import re
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.fake_service import LABELS, SECOND_LABELS, FakeService
from tests.e2e.remembering import classify, entry, rows, search, seed, show_history, wait_for_pictures

pytestmark = pytest.mark.timeout(300)

DAY_MS = 86_400_000
NO_BREAK = "\N{NO-BREAK SPACE}"

# The newest entry again, without its picture, and with one.
WITHOUT_PICTURE = """
async () => {
  const { all, remove, restore } = window.argus.history;
  const [entry] = await all();
  await remove(entry.key);
  await restore(entry);
}
"""
# The newest entry's picture is read until `window.letGo` is called.
SLOW_PICTURE = """
async () => {
  const { history } = window.argus;
  const [{ key: newest }] = await history.all();
  const canvas = new OffscreenCanvas(8, 6);
  canvas.getContext("2d").fillRect(0, 0, 8, 6);
  const picture = await canvas.convertToBlob();
  const until = new Promise((resolve) => { window.letGo = resolve; });
  window.asked = 0;
  history.thumb = async (key) => {
    if (key !== newest) return undefined;
    window.asked += 1;
    await until;
    return picture;
  };
  window.dispatchEvent(new Event("argushistorychanged"));
}
"""
WITH_PICTURE = """
async () => {
  const { all, restore } = window.argus.history;
  const canvas = new OffscreenCanvas(8, 6);
  canvas.getContext("2d").fillRect(0, 0, 8, 6);
  await restore((await all())[0], await canvas.convertToBlob());
}
"""


def test_names_labels_and_models_are_searched_in_any_order_and_case(page: Page) -> None:
    """All words must be found; a label that hardly scores finds nothing."""
    seed(
        page,
        entry("holiday.jpg", espresso=0.8, cup=0.1),
        entry("IMG_1.jpg", tabby=0.6, tiger_cat=0.2, lynx=0.001),
        entry("IMG_2.jpg", model="resnet50", lynx=0.5),
    )
    for words, found in (("img", 2), ("CAT tabby", 1), ("lynx", 1), ("resnet", 1), ("cup holiday", 1), ("img cup", 0)):
        search(page, words)
        expect(rows(page)).to_have_count(found)
    expect(page.locator(".history-none")).to_contain_text("Nothing matches “img cup”.")
    page.get_by_role("button", name="Clear the search").click()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.locator(".history-count")).to_have_text("3 photos")


def test_the_newest_come_first_grouped_by_day(page: Page) -> None:
    """Today, yesterday, and a date for what is older."""
    now = time.time() * 1000
    seed(page, *(entry(f"{days}.jpg", at_ms=now - days * DAY_MS) for days in (9, 1, 0)), entry("newest.jpg"))
    headings = page.locator(".history-days h2")
    expect(headings).to_have_count(3)
    assert headings.all_text_contents()[:2] == ["Today", "Yesterday"]
    assert re.search(r"20\d\d", headings.all_text_contents()[2])
    assert page.locator(".history-days .entry-name").all_text_contents() == ["newest.jpg", "0.jpg", "1.jpg", "9.jpg"]


def test_one_photo_is_removed_and_comes_back_with_undo(page: Page) -> None:
    """To its place and with its picture; focus stays where a person works."""
    seed(page, entry("a.jpg"), entry("b.jpg"), entry("c.jpg"))
    page.get_by_role("button", name="Remove b.jpg").click()
    expect(rows(page)).to_have_count(2)
    expect(page.locator(".toasts")).to_contain_text("b.jpg is removed.")
    expect(page.get_by_role("button", name="Remove a.jpg")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".history-days .entry-name")).to_have_text(["c.jpg", "b.jpg", "a.jpg"])
    expect(page.locator(".history-days .entry-thumb img")).to_have_count(3)
    expect(page.locator(".toast")).to_be_hidden()


def test_a_removed_photo_stays_removed(page: Page) -> None:
    """After a reload there is nothing to undo."""
    seed(page, entry("a.jpg"), entry("b.jpg"))
    page.get_by_role("button", name="Remove b.jpg").click()
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(page.locator(".history-days .entry-name")).to_have_text(["a.jpg"])


def test_clearing_all_asks_first(page: Page) -> None:
    """Cancel keeps everything; the second yes leaves an empty page that says where to go."""
    seed(page, entry("a.jpg"), entry("b.jpg"))
    page.get_by_role("button", name="Clear all").click()
    question = page.get_by_role("dialog", name="Clear the history?")
    expect(question).to_contain_text("All 2 photos are removed")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Clear all").click()
    question.get_by_role("button", name="Clear all").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.get_by_role("link", name="Classify a photo").click()
    expect(page.locator(".zone")).to_be_visible()


def test_details_show_all_labels_times_and_where_the_answer_came_from(page: Page) -> None:
    """And step from photo to photo."""
    classify(page, "cat.jpg")
    classify(page, "coffee.jpg")
    wait_for_pictures(page, 2)
    show_history(page)
    page.get_by_role("button", name="cat.jpg").first.click()
    dialog = page.get_by_role("dialog", name="Details")
    expect(dialog.locator(".labels li")).to_have_count(len(LABELS))
    expect(dialog.locator(".labels li").first).to_contain_text(f"61.2{NO_BREAK}%")
    for text in ("cat.jpg", "451 × 300", f"34{NO_BREAK}kB", f"2.4{NO_BREAK}ms", "efficientnet_lite0", "9f3c1a7e42b0"):
        expect(dialog).to_contain_text(text)
    expect(dialog.locator(".copy")).to_have_attribute("data-copy", re.compile(r"req-\d+-7c1e"))
    expect(dialog.locator(".details-photo img")).to_be_visible()
    dialog.get_by_role("button", name="Newer").click()
    expect(dialog.locator("h2")).to_have_text("coffee.jpg")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("h2")).to_have_text("cat.jpg")
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog).to_be_hidden()
    expect(rows(page)).to_have_count(1)


def test_a_picture_that_comes_late_is_shown_where_it_is_missing(page: Page) -> None:
    """In the list and in the details that are open, as when another tab is still drawing it."""
    seed(page, entry("late.jpg"))
    page.evaluate(WITHOUT_PICTURE)
    page.reload()
    page.get_by_role("button", name="late.jpg").first.click()
    dialog = page.get_by_role("dialog", name="Details")
    expect(dialog.locator(".labels li")).to_have_count(1)
    expect(page.locator(".entry-thumb img")).to_have_count(0)
    page.evaluate(WITH_PICTURE)
    expect(dialog.locator(".details-photo img")).to_be_visible()
    expect(page.locator(".history-days .entry-thumb img")).to_have_count(1)


def test_a_picture_that_is_still_read_is_not_shown_with_the_next_photo(page: Page) -> None:
    seed(page, entry("old.jpg"), entry("new.jpg"))
    page.evaluate(WITHOUT_PICTURE)
    page.reload()
    page.get_by_role("button", name="new.jpg").first.click()
    page.evaluate(SLOW_PICTURE)
    page.wait_for_function("() => window.asked === 2")  # for the list and for the details
    dialog = page.get_by_role("dialog", name="Details")
    dialog.get_by_role("button", name="Older").click()
    expect(dialog.locator("h2")).to_have_text("old.jpg")
    page.evaluate("() => window.letGo()")
    pictures = page.locator(".history-days .entry-thumb img")
    expect(pictures).to_have_count(2)
    old = pictures.last.get_attribute("src")
    expect(dialog.locator(".details-photo img")).to_have_attribute("src", old or "")


def test_everything_is_taken_away_as_csv(page: Page, tmp_path: Path) -> None:
    """Every entry, whatever is searched for; a name that a spreadsheet would compute is made harmless."""
    seed(page, entry('=HYPERLINK("x")', tabby=0.6, lynx=0.25), entry('two, "three".jpg', espresso=0.5))
    search(page, "espresso")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download all as CSV").click()
    assert re.fullmatch(r"argus-history-\d{4}-\d\d-\d\d\.csv", started.value.suggested_filename)
    started.value.save_as(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(encoding="utf-8-sig", newline="") as file:
        newest, oldest = csv.DictReader(file)
    assert newest["name"] == 'two, "three".jpg'
    assert oldest["name"] == '\'=HYPERLINK("x")'
    assert (oldest["label_1"], oldest["score_1"], oldest["label_2"], oldest["score_2"]) == (
        "tabby",
        "0.6",
        "lynx",
        "0.25",
    )
    assert (oldest["label_3"], oldest["model_ms"], oldest["request_id"]) == ("", "6", "r-1")


def test_everything_is_taken_away_as_json(page: Page, tmp_path: Path) -> None:
    """The same, for programs."""
    at_ms = 1_767_225_600_000
    seed(page, entry("a.jpg", at_ms=at_ms, tabby=0.6), entry("b.jpg"))
    with page.expect_download() as started:
        page.get_by_role("button", name="Download all as JSON").click()
    started.value.save_as(tmp_path / "history.json")
    newest, oldest = json.loads((tmp_path / "history.json").read_text("utf-8"))
    assert (newest["name"], oldest["name"]) == ("b.jpg", "a.jpg")
    assert oldest["time"] == "2026-01-01T00:00:00.000Z"
    assert oldest["labels"] == [{"label": "tabby", "score": 0.6}]
    assert (oldest["width"], oldest["size_bytes"], oldest["total_ms"]) == (451, 34306, 9)


def test_the_history_works_with_the_keyboard_alone(page: Page) -> None:
    """Search, open, close, remove, undo."""
    seed(page, entry("a.jpg", lynx=0.5), entry("b.jpg"))
    page.get_by_role("searchbox").focus()
    page.keyboard.type("lynx")
    expect(rows(page)).to_have_count(1)
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.locator(".history-days .entry-open")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.details")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".history-days .entry-open")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".history-days .entry-open")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_the_history(
    browser: Browser, ui_url: str, service: FakeService, scheme: str
) -> None:
    """Empty, with photos, no match, details, the question."""
    page = open_page(browser, ui_url + "/history", scheme=scheme).page
    page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    _expect_no_violation(page)
    seed(page, entry("a.jpg", tabby=0.6, lynx=0.2), entry("b.jpg"))
    page.get_by_role("button", name="Remove b.jpg").click()
    expect(page.locator(".toast")).to_be_visible()
    _expect_no_violation(page)
    search(page, "nothing like it")
    _expect_no_violation(page)
    search(page, "")
    page.locator(".history-days .entry-open").click()
    _expect_no_violation(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear all").click()
    _expect_no_violation(page)
    page.context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_history_does_not_scroll_sideways(browser: Browser, ui_url: str, service: FakeService, width: int) -> None:
    """With the longest names and labels that there are."""
    page = open_page(browser, ui_url + "/history", width=width).page
    long = "a-very-long-name-without-any-place-to-break-it" * 4 + ".jpg"
    labels = dict(SECOND_LABELS)
    seed(page, entry(long, model="tf_efficientnet_lite0_with_a_long_name", **labels), entry("b.jpg"))
    page.get_by_role("button", name=f"Remove {long}").click()
    page.get_by_role("button", name="Undo").click()
    page.locator(".history-days .entry-open").last.click()
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    inside = page.locator("dialog.details").evaluate("dialog => dialog.scrollWidth - dialog.clientWidth")
    page.context.close()
    assert (overflow, inside) == (0, 0)


def _expect_no_violation(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
