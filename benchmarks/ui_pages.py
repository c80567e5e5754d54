"""The UI in a real Chromium: first loads, one photo after the other, many photos at once.

What is done and timed within a page is in ui_probe.js; here that is asked for, and `argus_client` timed beside it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, WebSocket

from argus_client import ArgusClient
from benchmarks.ui_figures import CLICK_EVERY_MS, FEW, Drop, FirstLoad, Round

PATHS = ("/", "/compare", "/history", "/live", "/api", "/model")
# As many labels as the page asks for.
_TOP_K = 10
_VIEWPORT = {"width": 1280, "height": 800}
_PROBE = Path(__file__).with_name("ui_probe.js")
_READY = '.health[data-state="ready"]'
_HAND = "#probe-hand"
_LOAD_LIMIT_MS = 30_000
_ANSWER_LIMIT_MS = 20_000
_BATCH_LIMIT_MS = 120_000
# Between two measurements of one photo: what the page does after an answer must not meet the next.
_REST_S = 0.4
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def measure_load(browser: Browser, address: str, path: str) -> FirstLoad:
    """Open a page in a fresh browser context and wait until it is connected and fetches nothing more."""
    context = browser.new_context(viewport=_VIEWPORT)
    context.set_default_timeout(_LOAD_LIMIT_MS)
    try:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        network = context.new_cdp_session(page)
        asked: dict[str, str] = {}
        files: dict[str, int] = {}

        def note_request(event: dict[str, Any]) -> None:
            if event["request"]["url"].startswith("http"):
                asked[event["requestId"]] = event["request"]["url"].removeprefix(address)

        def note_end(event: dict[str, Any]) -> None:
            if url := asked.get(event["requestId"]):
                files[url] = files.get(url, 0) + round(event["encodedDataLength"])

        network.on("Network.requestWillBeSent", note_request)
        network.on("Network.loadingFinished", note_end)
        network.send("Network.enable")
        page.goto(f"{address}{path}")
        page.wait_for_selector(_READY)
        page.wait_for_load_state("networkidle")
        return FirstLoad(path, float(page.evaluate(_PAINT)), files, len(asked), tuple(complaints))
    finally:
        context.close()


@contextmanager
def open_page(
    browser: Browser, address: str, photos: Sequence[Path], on_socket: Callable[[WebSocket], None] | None = None
) -> Iterator[Page]:
    """A page that holds these files in its hand, ready to be dropped; on_socket: gets the page's connection."""
    context = browser.new_context(viewport=_VIEWPORT)
    context.set_default_timeout(_LOAD_LIMIT_MS)
    context.add_init_script(path=_PROBE)
    try:
        page = context.new_page()
        if on_socket is not None:
            page.on("websocket", on_socket)
        page.goto(address)
        page.wait_for_selector(_READY)
        page.wait_for_load_state("networkidle")
        page.evaluate("probe.openHand()")
        page.set_input_files(_HAND, photos)
        yield page
    finally:
        context.close()


def measure_drop(page: Page, client: ArgusClient, photos: Sequence[Path], number: int) -> Drop:
    """One photo by both ways, in an order that turns from photo to photo."""
    image = photos[number].read_bytes()

    def send() -> dict[str, float]:
        time.sleep(_REST_S)
        begin = time.perf_counter()
        client.classify(image, filename=photos[number].name, top_k=_TOP_K)
        return {"direct_ms": (time.perf_counter() - begin) * 1e3}

    def drop() -> dict[str, float]:
        time.sleep(_REST_S)
        times: dict[str, float] = page.evaluate("([n, limit]) => probe.dropOne(n, limit)", [number, _ANSWER_LIMIT_MS])
        return times

    ways = (send, drop) if number % 2 else (drop, send)
    first, second = (way() for way in ways)
    return Drop(**first, **second)


def measure_round(page: Page, photos: int, weigh: Callable[[], float]) -> Round:
    """So many photos at once on a page that shows a few, whose cards are clicked all the time; weigh: see `Round`."""
    page.evaluate("([few, limit]) => probe.beginAnew(few, limit)", [FEW, _BATCH_LIMIT_MS])
    before_mb = weigh()
    arguments = [photos, CLICK_EVERY_MS, _BATCH_LIMIT_MS]
    seen = page.evaluate("([count, every, limit]) => probe.dropMany(count, every, limit)", arguments)
    time.sleep(1)  # the session's last words
    times = {name: tuple(seen.pop(name)) for name in ("clicks_ms", "long_tasks_ms")}
    return Round(**seen, **times, before_mb=before_mb, after_mb=weigh())
