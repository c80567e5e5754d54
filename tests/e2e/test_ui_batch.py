"""Many photos at once in a real browser: cards, table, downloads, and what goes wrong on the way."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import ROOT, free_port, running_ui
from tests.e2e.conftest import QUICK_PROBES, open_page
from tests.e2e.fake_service import FakeService

pytestmark = pytest.mark.timeout(300)

CAT = ROOT / "assets" / "examples" / "cat.jpg"
FILE_INPUT = '.zone input[type="file"]'
SUMMARY = "[data-summary]"


def photos(count: int) -> list[dict[str, Any]]:
    return [{"name": f"photo {n:03}.jpg", "mimeType": "image/jpeg", "buffer": CAT.read_bytes()} for n in range(count)]


def answered(page: Page, done: int, total: int) -> None:
    expect(page.locator(SUMMARY)).to_contain_text(f"{done} of {total} answered", timeout=60_000)


def test_every_photo_becomes_a_card_with_its_label(page: Page) -> None:
    """A picture, the label, the score, the name; the first one is shown large."""
    page.set_input_files(FILE_INPUT, photos(5))
    answered(page, 5, 5)
    cards = page.locator(".card")
    expect(cards).to_have_count(5)
    expect(cards.nth(3)).to_contain_text("tabby")
    expect(cards.nth(3)).to_contain_text("photo 003.jpg")
    expect(cards.nth(3).locator("img")).to_be_visible()
    expect(page.locator(".caption-name")).to_have_text("photo 000.jpg")
    cards.nth(3).locator(".card-main").click()
    expect(page.locator(".caption-name")).to_have_text("photo 003.jpg")
    expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
    expect(page.locator(".batch [role=status]")).to_have_text("5 of 5 photos answered, 0 failed.")


def test_two_hundred_photos_are_all_answered_once(page: Page, service: FakeService) -> None:
    """None lost, none sent twice, and the page keeps its place for every one."""
    service.behaviour.delay_s = -0.008
    page.set_input_files(FILE_INPUT, photos(200))
    answered(page, 200, 200)
    expect(page.locator(".card")).to_have_count(200)
    assert len(service.behaviour.seen) == 200


def test_one_bad_photo_harms_no_other_and_can_be_retried(page: Page, service: FakeService) -> None:
    """It says what is wrong; Retry failed sends it again."""
    service.behaviour.problems = [(500, "internal", None)]
    page.set_input_files(FILE_INPUT, photos(3))
    answered(page, 2, 3)
    expect(page.locator(SUMMARY)).to_contain_text("1 failed")
    expect(page.locator('.card[data-status="failed"]')).to_contain_text("The service made a mistake")
    page.get_by_role("button", name="Retry failed").click()
    answered(page, 3, 3)


def test_files_that_are_no_photos_are_refused_among_those_that_are(
    page: Page, service: FakeService, tmp_path: Path
) -> None:
    """By kind and by size, without being sent."""
    notes, huge = tmp_path / "notes.txt", tmp_path / "huge.jpg"
    notes.write_text("words")
    huge.write_bytes(bytes(12_000_000))
    page.set_input_files(FILE_INPUT, [CAT, CAT.with_name("coffee.jpg"), notes, huge])
    answered(page, 2, 4)
    failed = page.locator('.card[data-status="failed"]')
    expect(failed.nth(0)).to_contain_text("This is not a photo")
    expect(failed.nth(1)).to_contain_text("The file is too large")
    assert len(service.behaviour.seen) == 2


def test_a_photo_can_be_removed_and_all_can_be_cleared(page: Page) -> None:
    """Down to one, which needs no card, and to the empty page."""
    page.set_input_files(FILE_INPUT, photos(3))
    answered(page, 3, 3)
    page.locator(".card").nth(1).hover()
    page.get_by_role("button", name="Remove photo 001.jpg").click()
    answered(page, 2, 2)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator(".drop-invitation")).to_be_visible()


def test_a_running_batch_can_be_stopped_and_taken_up_again(page: Page, service: FakeService) -> None:
    """What was not answered says that it was stopped; the rest keeps its answers."""
    service.behaviour.hold = True
    page.set_input_files(FILE_INPUT, photos(20))
    service.wait_until_seen(4)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(SUMMARY)).to_contain_text("20 failed")
    expect(page.locator(".card").last).to_contain_text("Stopped")
    service.behaviour.hold = False
    service.behaviour.released.set()
    page.get_by_role("button", name="Retry failed").click()
    answered(page, 20, 20)


def test_the_table_sorts_by_every_column(page: Page) -> None:
    """Once for one way, twice for the other; the header says which."""
    page.set_input_files(FILE_INPUT, photos(4))
    answered(page, 4, 4)
    page.click('label:has(input[name="view"][value="table"])')
    names = page.locator("tbody .row-name")
    expect(names).to_have_text([f"photo {n:03}.jpg" for n in range(4)])
    header = page.locator("thead [data-column=name]")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(names).to_have_text([f"photo {n:03}.jpg" for n in reversed(range(4))])
    page.locator("thead [data-column=score]").get_by_role("button").click()
    expect(page.locator("thead [data-column=score]")).to_have_attribute("aria-sort", "descending")


def test_the_answers_can_be_taken_away_as_csv_and_json(page: Page, tmp_path: Path) -> None:
    """Downloaded, opened and read."""
    page.set_input_files(FILE_INPUT, photos(3))
    answered(page, 3, 3)
    for kind in ("CSV", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download all answers as {kind}").click()
        download.value.save_as(tmp_path / kind)
    with (tmp_path / "CSV").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["filename"] for row in rows] == [f"photo {n:03}.jpg" for n in range(3)]
    assert {row["label_1"] for row in rows} == {"tabby"}
    listed = json.loads((tmp_path / "JSON").read_text("utf-8"))
    assert [entry["labels"][0]["score"] for entry in listed] == [0.6121] * 3


def test_a_dropped_folder_gives_all_of_its_photos(page: Page) -> None:
    """The ones in folders within it too, and nothing that is not a picture."""
    page.evaluate(
        """async () => {
            const blob = await (await fetch("/examples/cat.jpg")).blob();
            const file = (name, type) => ({
                isFile: true, isDirectory: false,
                file: (done) => done(new File([blob], name, { type })),
            });
            const folder = (...children) => ({
                isFile: false, isDirectory: true,
                createReader: () => ({ readEntries: (done) => done(children.splice(0)) }),
            });
            const inner = folder(file("a.jpg", "image/jpeg"));
            const root = folder(file("b.jpg", "image/jpeg"), inner, file("c.txt", "text/plain"));
            const drop = new DragEvent("drop", { bubbles: true, cancelable: true });
            Object.defineProperty(drop, "dataTransfer", {
                value: { types: ["Files"], files: [], items: [{ webkitGetAsEntry: () => root }] },
            });
            document.querySelector("main").dispatchEvent(drop);
        }"""
    )
    answered(page, 2, 2)
    expect(page.locator(".card-name")).to_have_text(["a.jpg", "b.jpg"])


def test_after_a_reload_answers_stay_and_the_unanswered_say_so(page: Page, service: FakeService) -> None:
    """The browser has let go of the files, so nothing pretends to go on."""
    page.set_input_files(FILE_INPUT, photos(2))
    answered(page, 2, 2)
    service.behaviour.hold = True
    page.set_input_files(FILE_INPUT, [*photos(1)])
    service.wait_until_seen(3)
    expect(page.locator(".card")).to_have_count(3)
    page.reload()
    expect(page.locator('.card[data-status="done"]')).to_have_count(2)
    expect(page.locator('.card[data-status="failed"]')).to_contain_text("no longer here")


def test_a_service_restarted_in_the_middle_loses_no_photo(page: Page, service: FakeService) -> None:
    """The page waits with what is left and goes on by itself."""
    service.behaviour.delay_s = 0.02
    page.set_input_files(FILE_INPUT, photos(40))
    service.wait_until_seen(8)
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    service.start()
    answered(page, 40, 40)


def test_a_page_server_restarted_in_the_middle_loses_no_photo(browser: Browser, service: FakeService) -> None:
    """The photos are in the browser, which tells the new server of all of them."""
    service.behaviour.delay_s = 0.02
    port = free_port()
    with running_ui(service.url, QUICK_PROBES, port) as address:
        page = open_page(browser, address).page
        page.set_input_files(FILE_INPUT, photos(60))
        service.wait_until_seen(8)
    with running_ui(service.url, QUICK_PROBES, port):
        answered(page, 60, 60)
        expect(page.locator(".card")).to_have_count(60)
        page.context.close()


def test_going_to_another_page_and_back_keeps_the_batch(page: Page, service: FakeService) -> None:
    """The queue goes on while nobody looks."""
    service.behaviour.delay_s = 0.02
    page.set_input_files(FILE_INPUT, photos(30))
    page.get_by_role("link", name="Model").click()
    page.wait_for_url("**/model")
    service.wait_until_seen(30)
    page.get_by_role("link", name="Classify").click()
    answered(page, 30, 30)
    expect(page.locator(".card")).to_have_count(30)


def test_a_camera_that_is_not_there_is_explained(page: Page) -> None:
    """And the dialog closes again."""
    page.get_by_role("button", name="Use the camera").first.click()
    expect(page.locator("dialog.camera")).to_contain_text("No camera could be opened")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog.camera")).to_be_hidden()
