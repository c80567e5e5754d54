"""The states of a UI whose service is on another machine, and away: load is not allowed, the model is not known."""

from playwright.sync_api import Page

from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import Scene, Stage


def load_not_allowed(page: Page, service: FakeService) -> None:
    page.get_by_text("Sending load is off here").wait_for()


def waiting(page: Page, service: FakeService) -> None:
    page.wait_for_selector(".model-wait")


STAGE = Stage((Scene("live", load_not_allowed), Scene("model", waiting)), elsewhere="http://service.invalid:8000")
