"""The states of the history page."""

from playwright.sync_api import Page, expect

from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import Stage, many_photos, scenes, tell_photos_apart
from tests.e2e.remembering import rows, search

# The first of the photos as if they were from yesterday and from last week.
AGE = """
() => new Promise((resolve) => {
  const request = indexedDB.open("argus");
  request.onsuccess = () => {
    const transaction = request.result.transaction("entries", "readwrite");
    let number = 0;
    transaction.objectStore("entries").openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      const days = [8, 8, 1, 1, 1][number++] ?? 0;
      cursor.update({ ...cursor.value, at_ms: cursor.value.at_ms - days * 86400e3 });
      cursor.continue();
    };
    transaction.oncomplete = () => { request.result.close(); resolve(); };
  };
})
"""


def empty(page: Page, service: FakeService) -> None:
    page.get_by_text("Nothing here yet").wait_for()


def filled(page: Page, service: FakeService) -> None:
    tell_photos_apart(service)
    page.get_by_role("link", name="Classify a photo").click()
    page.set_input_files('.zone input[type="file"]', many_photos(9))
    expect(page.locator('.card[data-status="done"]')).to_have_count(9)
    # Within the page, which makes the small pictures after the answers.
    page.get_by_role("link", name="History").click()
    expect(rows(page).locator(".entry-thumb img")).to_have_count(9)
    page.evaluate(AGE)
    page.reload()
    expect(rows(page).locator(".entry-thumb img")).to_have_count(9)
    page.wait_for_selector('.health[data-state="ready"]')


def no_match(page: Page, service: FakeService) -> None:
    filled(page, service)
    search(page, "unicorn")
    expect(rows(page)).to_have_count(0)


def details(page: Page, service: FakeService) -> None:
    filled(page, service)
    rows(page).nth(1).locator(".entry-open").click()
    page.locator("dialog.details .details-photo img").wait_for()


def one_removed(page: Page, service: FakeService) -> None:
    filled(page, service)
    page.get_by_role("button", name="Remove IMG_2048.jpg").click()
    page.locator(".toast").wait_for()


def clear_question(page: Page, service: FakeService) -> None:
    filled(page, service)
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("dialog", name="Clear the history?").wait_for()


STAGE = Stage(scenes("history", empty, filled, no_match, details, one_removed, clear_question))
