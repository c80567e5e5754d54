"""Draws every state of the page, light and dark, at two widths, into out/screenshots (ignored by git).

python -m tests.e2e.screenshots [part of a state's name ...]
"""

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.browser import ROOT, chromium, running_ui
from tests.e2e.fake_service import FakeService

OUT = ROOT / "out" / "screenshots"
CAT = ROOT / "assets" / "examples" / "cat.jpg"
SIZES = {"390": (390, 844), "1280": (1280, 800), "1440": (1440, 900)}
THEMES = ("light", "dark")


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
    page.set_input_files('.zone input[type="file"]', {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.wait_for_selector('.panel[data-status="failed"]')


def too_large(page: Page, service: FakeService) -> None:
    huge = {"name": "huge.jpg", "mimeType": "image/jpeg", "buffer": CAT.read_bytes() + bytes(14_000_000)}
    page.set_input_files('.zone input[type="file"]', huge)
    page.wait_for_selector('.panel[data-status="failed"]')


STATES: tuple[Callable[[Page, FakeService], None], ...] = (
    empty,
    hovering,
    working,
    done,
    ten_labels,
    none_left,
    overloaded,
    starting,
    unreachable,
    recovered,
    undecodable,
    internal,
    not_an_image,
    too_large,
)


def choose(page: Page, photo: Path) -> None:
    """Choose a file as the dialog would."""
    page.set_input_files('.zone input[type="file"]', photo)


def main(wanted: list[str]) -> None:
    """Draws the states whose name holds one of the wanted words, or all."""
    OUT.mkdir(parents=True, exist_ok=True)
    service = FakeService()
    service.start()
    states = [state for state in STATES if not wanted or any(word in state.__name__ for word in wanted)]
    with running_ui(service.url, {"ARGUS_UI_PROBE_INTERVAL_S": "0.5"}) as address, chromium() as browser:
        for state in states:
            for theme in THEMES:
                for name, (width, height) in SIZES.items():
                    service.reset()
                    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
                    page = context.new_page()
                    page.on("console", lambda message: print("  console:", message.type, message.text))
                    page.on("pageerror", lambda error: print("  error:", error))
                    page.goto(address)
                    page.wait_for_selector('.health:not([data-state="unknown"])')
                    state(page, service)
                    page.wait_for_timeout(450)
                    page.screenshot(path=OUT / f"{state.__name__}-{theme}-{name}.png", full_page=name == "390")
                    context.close()
            print(state.__name__, flush=True)
    service.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
