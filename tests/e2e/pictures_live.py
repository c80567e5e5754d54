"""The states of the live page."""

from playwright.sync_api import Page, expect

from tests.e2e.fake_service import FakeService
from tests.e2e.fake_status import Scale
from tests.e2e.pictures import Stage, scenes

# As much as the lines need to be seen as lines.
WORK_MS = 6000


def idle(page: Page, service: FakeService) -> None:
    page.wait_for_selector('.instruments[data-state="answering"] .cell')
    page.wait_for_timeout(1500)


def unreachable(page: Page, service: FakeService) -> None:
    service.stop()
    page.wait_for_selector('.instruments[data-state="unreachable"]')


def under_load(page: Page, service: FakeService) -> None:
    page.wait_for_selector('.instruments[data-state="answering"] .cell')
    service.behaviour.delay_s = 0.06
    page.get_by_role("button", name="Send load").click()
    page.wait_for_timeout(WORK_MS / 2)
    service.behaviour.ledger.scale = Scale(running=1, starting=1, target=3)
    page.wait_for_timeout(WORK_MS / 2)
    service.behaviour.ledger.scale = Scale(running=2, starting=1, target=3)
    expect(page.locator(".replicas")).to_contain_text("1 starting")


# The load goes on until the server misses its page, so its scene is the last.
STAGE = Stage(scenes("live", idle, unreachable, under_load), environment={"ARGUS_UI_STATUS_INTERVAL_S": "0.5"})
