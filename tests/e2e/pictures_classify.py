"""The states of the classify page: one photo, many of them, and everything that can go wrong."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import CAT, Stage, many_photos, scenes, tell_photos_apart

FILE_INPUT = '.zone input[type="file"]'


def empty(page: Page, service: FakeService) -> None:
    page.wait_for_selector('.health[data-state="ready"]')


def hovering(page: Page, service: FakeService) -> None:
    page.evaluate("document.documentElement.setAttribute('data-dragging', '')")


def working(page: Page, service: FakeService) -> None:
    service.behaviour.hold = True
    choose(page, CAT)
    page.wait_for_selector('.panel[data-status="working"] .working')
    page.wait_for_timeout(1500)


def done(page: Page, service: FakeService) -> None:
    page.click("[data-example*=cat]")
    page.wait_for_selector("[data-answer]")


def ten_labels(page: Page, service: FakeService) -> None:
    done(page, service)
    page.click('label:has(input[name="top_k"][value="10"])')
    page.wait_for_selector("[data-answer] li:nth-child(10)")


def none_left(page: Page, service: FakeService) -> None:
    done(page, service)
    page.evaluate("localStorage.setItem('argus_min_score', '90')")
    page.reload()
    page.wait_for_selector(".done .note-title")


def overloaded(page: Page, service: FakeService) -> None:
    service.behaviour.problems = [(429, "overloaded", 7)] * 9
    choose(page, CAT)
    page.wait_for_selector('.panel[data-status="waiting"] .clock')


def starting(page: Page, service: FakeService) -> None:
    service.behaviour.ready = False
    page.wait_for_selector('.health[data-state="starting"]')
    choose(page, CAT)
    page.wait_for_selector('.panel[data-status="waiting"]')


def unreachable(page: Page, service: FakeService) -> None:
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    choose(page, CAT)
    page.wait_for_selector('.panel[data-status="waiting"]')


def recovered(page: Page, service: FakeService) -> None:
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    service.start()
    page.wait_for_selector('.banner[data-kind="good"]')


def undecodable(page: Page, service: FakeService) -> None:
    service.behaviour.problems = [(422, "undecodable_image", None)]
    choose(page, CAT)
    page.wait_for_selector('.panel[data-status="failed"]')


def internal(page: Page, service: FakeService) -> None:
    service.behaviour.problems = [(500, "internal", None)]
    choose(page, CAT)
    page.wait_for_selector('.panel[data-status="failed"]')


def not_an_image(page: Page, service: FakeService) -> None:
    page.set_input_files(FILE_INPUT, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.wait_for_selector('.panel[data-status="failed"]')


def too_large(page: Page, service: FakeService) -> None:
    huge = {"name": "huge.jpg", "mimeType": "image/jpeg", "buffer": CAT.read_bytes() + bytes(14_000_000)}
    page.set_input_files(FILE_INPUT, huge)
    page.wait_for_selector('.panel[data-status="failed"]')


def cards(page: Page, service: FakeService) -> None:
    tell_photos_apart(service)
    page.set_input_files(FILE_INPUT, many_photos(14))
    expect(page.locator('.card[data-status="done"]')).to_have_count(14)


def table(page: Page, service: FakeService) -> None:
    cards(page, service)
    page.click('label:has(input[name="view"][value="table"])')
    page.wait_for_selector("tbody .row-name")


def one_of_many_failed(page: Page, service: FakeService) -> None:
    service.behaviour.problems = [(500, "internal", None)]
    tell_photos_apart(service)
    page.set_input_files(FILE_INPUT, many_photos(8))
    page.wait_for_selector('.card[data-status="failed"]')
    expect(page.locator('.card[data-status="done"]')).to_have_count(7)


def batch_running(page: Page, service: FakeService) -> None:
    tell_photos_apart(service)
    service.behaviour.delay_s = 0.1
    page.set_input_files(FILE_INPUT, many_photos(24))
    service.wait_until_seen(10)
    service.behaviour.hold = True
    page.wait_for_selector('.card[data-status="done"]')
    service.wait_until_seen(14)


def no_camera(page: Page, service: FakeService) -> None:
    page.get_by_role("button", name="Use the camera").first.click()
    page.wait_for_selector('dialog.camera[data-state="none"]')


def choose(page: Page, photo: Path) -> None:
    """Choose a file as the dialog would."""
    page.set_input_files(FILE_INPUT, photo)


STAGE = Stage(
    scenes(
        "classify",
        empty,
        hovering,
        working,
        done,
        ten_labels,
        none_left,
        cards,
        table,
        one_of_many_failed,
        batch_running,
        no_camera,
        overloaded,
        starting,
        unreachable,
        recovered,
        undecodable,
        internal,
        not_an_image,
        too_large,
    )
)
