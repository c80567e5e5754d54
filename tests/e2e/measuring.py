"""A page at another size than it was opened at."""

from playwright.sync_api import Page


def resize(page: Page, width: int, height: int) -> None:
    """In pixels; returns when the page has been drawn twice, so that its scripts have noticed."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def measure_overflow(page: Page) -> int:
    """How many pixels it can be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
