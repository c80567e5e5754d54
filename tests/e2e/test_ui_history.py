"""The history in a real browser: what is kept, found, removed and taken away; none of it leaves the browser."""

import csv
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import ROOT, free_port, running_ui
from tests.e2e.conftest import QUICK_PROBES, Opened, open_page
from tests.e2e.fake_service import LABELS, SECOND_LABELS, FakeService

pytestmark = pytest.mark.timeout(300)

EXAMPLES = ROOT / "assets" / "examples"
DAY_MS = 86_400_000
NO_BREAK = "\N{NO-BREAK SPACE}"

# Puts entries where the page's script keeps its own, with a picture of one colour for each.
SEED = """
async (entries) => {
  await window.argus.history.all(); // makes the database
  const canvas = new OffscreenCanvas(8, 6);
  canvas.getContext("2d").fillRect(0, 0, 8, 6);
  const thumb = await canvas.convertToBlob({ type: "image/jpeg" });
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("argus");
    request.onsuccess = () => resolve(request.result);
  });
  const transaction = database.transaction(["entries", "thumbs"], "readwrite");
  for (const entry of entries) {
    const request = transaction.objectStore("entries").add(entry);
    request.onsuccess = () => transaction.objectStore("thumbs").put(thumb, request.result);
  }
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}
"""


def entry(
    name: str, *, at_ms: float | None = None, model: str = "efficientnet_lite0", **scores: float
) -> dict[str, Any]:
    labels = [{"label": label.replace("_", " "), "score": score} for label, score in (scores or {"tabby": 0.6}).items()]
    times = {"total_ms": 9.0, "decode_ms": 2.4, "queue_ms": 0.1, "model_ms": 6.0, "network_ms": 0.5}
    found = {"labels": labels, "width": 451, "height": 300, "model": model, "version": "1", "request_id": "r-1"}
    return {"name": name, "size_bytes": 34306, "at_ms": at_ms or time.time() * 1000, "answer": {**found, **times}}


def seed(page: Page, *entries: dict[str, Any]) -> None:
    """The history page with these entries, the last one the newest."""
    page.evaluate(SEED, list(entries))
    show_history(page)
    expect(page.locator(".history")).to_have_attribute("data-state", "some")


def show_history(page: Page) -> None:
    page.goto(re.match(r"http://[^/]+", page.url)[0] + "/history")  # type: ignore[index]  # it is an address
    page.wait_for_selector('.history:not([data-state="reading"])', state="attached")


def classify(page: Page, name: str) -> None:
    page.set_input_files('.zone input[type="file"]', EXAMPLES / name)
    expect(page.locator(".caption-name")).to_have_text(name)
    expect(page.locator("[data-answer] li").first).to_be_visible()


def rows(page: Page) -> Any:
    return page.locator(".history-days .entry")


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)


def test_a_classified_photo_is_kept_with_its_picture_label_score_and_model(page: Page) -> None:
    """Through the page's own navigation, without a reload."""
    classify(page, "cat.jpg")
    page.get_by_role("link", name="History").click()
    expect(rows(page)).to_have_count(1)
    for text in ("cat.jpg", "tabby", f"61.2{NO_BREAK}%", "efficientnet_lite0"):
        expect(rows(page).first).to_contain_text(text)
    expect(page.locator(".history-days h2")).to_have_text("Today")
    picture = page.locator(".history-days .entry-thumb img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [
        160,
        106,
    ]


def test_the_history_survives_a_reload_and_a_restart_of_the_server(browser: Browser, service: FakeService) -> None:
    """Picture and all: it is the browser's."""
    port = free_port()
    with running_ui(service.url, QUICK_PROBES, port) as address:
        page = open_page(browser, address).page
        classify(page, "cat.jpg")
        expect(page.locator("[data-answer]")).to_be_visible()
        show_history(page)
        page.reload()
        expect(rows(page)).to_have_count(1)
    with running_ui(service.url, QUICK_PROBES, port):
        page.reload()
        expect(rows(page)).to_have_count(1)
        expect(page.locator(".history-days .entry-thumb img")).to_be_visible()
        page.context.close()


def test_nothing_of_the_history_leaves_the_browser(page: Page) -> None:
    """Neither by the connection of the session nor by a request, whatever a person does there."""
    seed(page, entry("my-passport.jpg"), entry("other.jpg"))
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.reload()
    expect(rows(page)).to_have_count(2)
    page.wait_for_selector('.health[data-state="ready"]')
    search(page, "my-passport")
    expect(rows(page)).to_have_count(1)
    rows(page).first.locator(".entry-open").click()
    expect(page.locator("dialog.details")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove my-passport.jpg").click()
    expect(page.locator(".toast")).to_be_visible()
    assert len(sent) > 3
    assert not [text for text in sent if "my-passport" in text]


def test_another_person_at_another_browser_sees_nothing_of_it(browser: Browser, ui_url: str, page: Page) -> None:
    """The same server, another profile."""
    seed(page, entry("mine.jpg"))
    other = open_page(browser, ui_url + "/history").page
    expect(other.get_by_text("Nothing here yet")).to_be_visible()
    other.context.close()


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


def test_two_thousand_photos_are_kept_and_found_and_the_oldest_goes_first(page: Page) -> None:
    """The page draws forty at a time and searches all."""
    show_history(page)
    page.evaluate(SEED, [entry(f"IMG_{number:04}.jpg") for number in range(2000)])
    page.reload()
    expect(page.locator(".history-count")).to_have_text("2000 photos")
    expect(rows(page)).to_have_count(40)
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(80)
    search(page, "IMG_0000")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Classify").first.click()
    classify(page, "cat.jpg")
    page.get_by_role("link", name="History").click()
    expect(rows(page).first).to_contain_text("cat.jpg")
    expect(page.locator(".history-count")).to_have_text("2000 photos")
    search(page, "IMG_0000")
    expect(rows(page)).to_have_count(0)


def test_a_second_tab_sees_what_the_first_one_added_when_it_is_looked_at(page: Page, ui_url: str) -> None:
    """Both have one history."""
    second = page.context.new_page()
    second.goto(ui_url + "/history")
    expect(second.get_by_text("Nothing here yet")).to_be_visible()
    page.bring_to_front()
    classify(page, "cat.jpg")
    second.bring_to_front()
    expect(rows(second)).to_have_count(1)


def test_a_browser_that_keeps_nothing_says_so_and_has_a_history_while_it_is_open(browser: Browser, ui_url: str) -> None:
    """Without IndexedDB, as in some private windows."""
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    page = context.new_page()
    page.goto(ui_url)
    classify(page, "cat.jpg")
    page.get_by_role("link", name="History").click()
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".history-fleeting")).to_be_visible()
    page.get_by_role("button", name="Remove cat.jpg").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".history-days .entry-thumb img")).to_be_visible()
    context.close()


def test_a_full_browser_disturbs_nobody(opened: Opened, ui_url: str) -> None:
    """The photo is answered and the console stays silent, though nothing more can be kept."""
    page = opened.page
    seed(page, entry("a.jpg"))
    page.goto(ui_url)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": ui_url, "quotaSize": 1})
    classify(page, "cat.jpg")
    page.get_by_role("link", name="History").click()
    page.wait_for_selector('.history:not([data-state="reading"])', state="attached")
    expect(page.locator(".history-fleeting")).to_be_hidden()


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
