"""The compare page as the tests and the pictures use it: its two sides, its modes, its verdict."""

from playwright.sync_api import Locator, Page

from tests.e2e.browser import ROOT

EXAMPLES = ROOT / "assets" / "examples"


def slot(page: Page, side: str) -> Locator:
    return page.locator(f'[data-slot="{side}"]')


def choose(page: Page, side: str, name: str) -> None:
    slot(page, side).locator("input").set_input_files(EXAMPLES / name)


def choose_mode(page: Page, mode: str) -> None:
    page.click(f'label:has(input[name="mode"][value="{mode}"])')
    page.wait_for_selector(f'[data-compare][data-mode="{mode}"]')


def verdict(page: Page) -> Locator:
    return page.locator(".verdict-words")
