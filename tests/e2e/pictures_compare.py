"""The states of the compare page."""

from playwright.sync_api import Page

from tests.e2e.comparing import choose, choose_mode, verdict
from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import Stage, scenes, tell_photos_apart


def empty(page: Page, service: FakeService) -> None:
    page.wait_for_selector('[data-compare][data-left-model="efficientnet_lite0"]')


def two_models(page: Page, service: FakeService) -> None:
    empty(page, service)
    choose(page, "left", "cat.jpg")
    verdict(page).wait_for()


def two_photos(page: Page, service: FakeService) -> None:
    empty(page, service)
    tell_photos_apart(service)
    choose_mode(page, "photos")
    choose(page, "left", "cat.jpg")
    choose(page, "right", "coffee.jpg")
    verdict(page).wait_for()


def one_side_failed(page: Page, service: FakeService) -> None:
    empty(page, service)
    service.behaviour.second_problems = [(500, "internal", None)]
    choose(page, "left", "cat.jpg")
    page.get_by_role("button", name="Try again").wait_for()
    page.wait_for_selector(".duel-rows li")


def one_model(page: Page, service: FakeService) -> None:
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    service.behaviour.two_models = False
    service.start()
    page.get_by_role("heading", name="This service has one model so far").wait_for()


def have_two_models(service: FakeService) -> None:
    """The UI learns both when it starts; `one_model` comes last, since it forgets one."""
    service.behaviour.two_models = True


STAGE = Stage(scenes("compare", empty, two_models, two_photos, one_side_failed, one_model), have_two_models)
