"""The states of the API page."""

from playwright.sync_api import Page, expect

from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import Stage, scenes


def empty(page: Page, service: FakeService) -> None:
    page.wait_for_selector("#sample .code")


def tried(page: Page, service: FakeService) -> None:
    page.get_by_role("tab", name="Python, httpx").click()
    _send(page)
    expect(page.locator(".status")).to_contain_text("200")


def protocol(page: Page, service: FakeService) -> None:
    page.get_by_role("tab", name="Triton").click()
    expect(page.locator("#sample .code")).to_contain_text("tritonclient")


def refused(page: Page, service: FakeService) -> None:
    service.behaviour.problems = [(429, "overloaded", 7)]
    _send(page)
    expect(page.locator(".status")).to_contain_text("429")


def unreachable(page: Page, service: FakeService) -> None:
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    _send(page)
    page.wait_for_selector(".wire-failure")


def _send(page: Page) -> None:
    page.get_by_role("button", name="Send the request").click()


STAGE = Stage(scenes("api", empty, protocol, tried, refused, unreachable))
