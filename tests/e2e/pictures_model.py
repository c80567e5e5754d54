"""The states of the model page."""

from playwright.sync_api import Page

from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import Stage, scenes


def filled(page: Page, service: FakeService) -> None:
    page.wait_for_selector(".label-list li")


def label_search(page: Page, service: FakeService) -> None:
    filled(page, service)
    page.get_by_label("Search the labels").fill("cat")
    page.locator(".label-list mark").first.wait_for()


def no_label(page: Page, service: FakeService) -> None:
    filled(page, service)
    page.get_by_label("Search the labels").fill("unicorn")
    page.wait_for_selector(".labels-note")


STAGE = Stage(scenes("model", filled, label_search, no_label))
