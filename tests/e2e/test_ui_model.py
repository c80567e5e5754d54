"""The model page in a real browser: the card, the search in its labels, and a service that comes and goes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Opened, open_page
from tests.e2e.fake_service import ALL_LABELS, FakeService

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def page(opened: Opened) -> Page:
    """The model page of the healthy stand-in service."""
    opened.page.get_by_role("link", name="Model", exact=True).click()
    opened.page.wait_for_selector(".label-list")
    return opened.page


def rows(page: Page) -> Locator:
    return page.locator(".label-list li")


def search(page: Page) -> Locator:
    return page.get_by_label("Search the labels")


def fact(page: Page, name: str) -> Locator:
    return page.locator("dl > div", has=page.locator("dt", has_text=name))


def test_the_card_says_what_answers_and_how_well(page: Page) -> None:
    """Name, figures, preprocessing in words and numbers, precision and its meaning, licence, source."""
    expect(page.get_by_role("heading", level=1)).to_have_text("efficientnet_lite0")
    expect(fact(page, "Top-1 accuracy")).to_contain_text("75.0")
    expect(fact(page, "Parameters")).to_contain_text("4.7")
    expect(page.locator(".steps li")).to_have_count(3)
    expect(page.locator(".steps")).to_contain_text("256 pixels (bicubic)")
    expect(fact(page, "Mean")).to_contain_text("0.4980392156862745")
    expect(fact(page, "Precision")).to_contain_text("bf16")
    expect(fact(page, "Precision")).to_contain_text("brain floating point")
    expect(fact(page, "Licence")).to_contain_text("Apache-2.0")
    expect(fact(page, "Source")).to_contain_text("PyPI")


def test_the_first_labels_are_there_and_all_are_one_click_away(page: Page) -> None:
    """Each with its class number."""
    expect(rows(page)).to_have_count(100)
    expect(rows(page).first).to_have_text("0tabby")
    expect(page.locator(".labels-count")).to_contain_text("The first 100 of 1,000 labels")
    page.get_by_role("button", name="Show all 1,000").click()
    expect(rows(page)).to_have_count(len(ALL_LABELS))
    expect(page.locator(".labels-count [role=status]")).to_have_text("1,000 labels")


def test_typing_narrows_the_labels_and_says_how_many_are_left(page: Page) -> None:
    """Marked where they match; a class number finds its label; clearing brings all back."""
    search(page).press_sequentially("CAT")
    expect(rows(page)).to_have_count(3)
    expect(rows(page).first.locator("mark")).to_have_text("cat")
    expect(page.locator(".labels-count [role=status]")).to_have_text("3 of 1,000 labels")
    search(page).fill("0")
    expect(rows(page).first).to_have_text("0tabby")
    search(page).fill("")
    expect(rows(page)).to_have_count(100)


def test_a_search_without_a_match_says_so_and_can_be_cleared(page: Page) -> None:
    """With the words that were looked for."""
    search(page).fill("unicorn")
    note = page.locator(".labels-note")
    expect(note).to_contain_text("unicorn")
    expect(page.locator(".labels-count [role=status]")).to_have_text("No label matches")
    note.get_by_role("button").click()
    expect(rows(page)).to_have_count(100)
    expect(search(page)).to_have_value("")


def test_the_search_outlives_a_reload(page: Page) -> None:
    """The field and the list agree."""
    search(page).fill("quilt")
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(search(page)).to_have_value("quilt")


def test_the_list_is_reached_and_scrolled_with_the_keyboard(page: Page) -> None:
    """Tab from the field, past the button, into the list."""
    search(page).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".label-list")).to_be_focused()
    expect(rows(page).last).not_to_be_in_viewport()
    page.keyboard.press("End")
    expect(rows(page).last).to_be_in_viewport()


def test_several_models_can_be_looked_at(browser: Browser, ui_url: str, service: FakeService) -> None:
    """Each with its own card; what is not known of one is said."""
    service.behaviour.two_models = True
    page = open_page(browser, f"{ui_url}/model").page
    page.get_by_role("combobox", name="Model").select_option("resnet50")
    expect(page.get_by_role("heading", level=1)).to_have_text("resnet50")
    expect(fact(page, "Parameters")).to_contain_text("25.6")
    expect(page.locator(".sheet").first).to_contain_text("Nobody has measured")
    expect(page.get_by_role("link", name="https://weights.example/resnet50.pth")).to_be_visible()
    expect(rows(page)).to_have_count(100)
    page.context.close()


def test_a_page_opened_before_the_service_shows_its_card_when_it_is_there(
    browser: Browser, ui_url: str, service: FakeService
) -> None:
    """Unreachable, then starting, then the card, with nobody doing anything."""
    service.stop()
    page = open_page(browser, ui_url).page
    page.wait_for_selector('.health[data-state="unreachable"]')
    page.goto(f"{ui_url}/model")
    expect(page.locator(".model-wait")).to_contain_text("The service does not answer")
    service.behaviour.ready = False
    service.start()
    expect(page.locator(".model-wait")).to_contain_text("The service is starting")
    service.behaviour.ready = True
    expect(page.get_by_role("heading", level=1)).to_have_text("efficientnet_lite0")
    expect(rows(page)).to_have_count(100)
    page.context.close()


def test_what_is_known_stays_while_the_service_is_away_and_is_read_anew_after(page: Page, service: FakeService) -> None:
    """Card and labels stay; a model that came back with another version is shown as it is now."""
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    expect(page.get_by_role("heading", level=1)).to_have_text("efficientnet_lite0")
    search(page).fill("lynx")
    expect(rows(page)).to_have_count(1)
    service.behaviour.version = "after0restart"
    service.start()
    expect(page.locator(".model-tags")).to_contain_text("after0restart")


def test_labels_that_cannot_be_read_can_be_asked_for_again(browser: Browser, ui_url: str, service: FakeService) -> None:
    """The card is there all the same."""
    service.behaviour.version = "without0labels"
    service.behaviour.has_labels = False
    page = open_page(browser, f"{ui_url}/model").page
    expect(page.locator(".labels-note")).to_contain_text("The labels could not be read.")
    expect(page.get_by_role("heading", level=1)).to_have_text("efficientnet_lite0")
    service.behaviour.has_labels = True
    page.get_by_role("button", name="Read them again").click()
    expect(rows(page)).to_have_count(100)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_matches_and_without(
    browser: Browser, ui_url: str, service: FakeService, scheme: str
) -> None:
    """The marks, the empty result, the choice of models."""
    service.behaviour.two_models = True
    page = open_page(browser, f"{ui_url}/model", scheme=scheme).page
    page.emulate_media(reduced_motion="reduce")
    for query, shown in (("cat", ".label-list mark"), ("unicorn", ".labels-note")):
        search(page).fill(query)
        page.locator(shown).first.wait_for()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.context.close()
