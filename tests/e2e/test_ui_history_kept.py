"""The history in a real browser: what is kept, how much and for how long; none of it leaves the browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import free_port, running_ui
from tests.e2e.conftest import QUICK_PROBES, Opened, open_page
from tests.e2e.fake_service import FakeService
from tests.e2e.remembering import SEED, classify, entry, rows, search, seed, show_history, wait_for_pictures

pytestmark = pytest.mark.timeout(300)

NO_BREAK = "\N{NO-BREAK SPACE}"


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
        page.get_by_role("link", name="History").click()
        expect(page.locator(".history-days .entry-thumb img")).to_be_visible()  # drawn when the page has time
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
    wait_for_pictures(page, 1)
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
