"""The history as the tests and the pictures use it: filled through the page or at once, shown, searched."""

import re
import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import ROOT

EXAMPLES = ROOT / "assets" / "examples"

# Puts entries where the page's script keeps its own, with a picture of one colour for each.
SEED = """
async (entries) => {
  await window.argus.history.all(); // makes the database
  const canvas = new OffscreenCanvas(8, 6);
  canvas.getContext("2d").fillRect(0, 0, 8, 6);
  const thumb = await canvas.convertToBlob({ type: "image/jpeg" });
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("argus");
    request.onsuccess = () => resolve(request.result);
  });
  const transaction = database.transaction(["entries", "thumbs"], "readwrite");
  for (const entry of entries) {
    const request = transaction.objectStore("entries").add(entry);
    request.onsuccess = () => transaction.objectStore("thumbs").put(thumb, request.result);
  }
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}
"""


def entry(
    name: str, *, at_ms: float | None = None, model: str = "efficientnet_lite0", **scores: float
) -> dict[str, Any]:
    labels = [{"label": label.replace("_", " "), "score": score} for label, score in (scores or {"tabby": 0.6}).items()]
    times = {"total_ms": 9.0, "decode_ms": 2.4, "queue_ms": 0.1, "model_ms": 6.0, "network_ms": 0.5}
    found = {"labels": labels, "width": 451, "height": 300, "model": model, "version": "1", "request_id": "r-1"}
    return {"name": name, "size_bytes": 34306, "at_ms": at_ms or time.time() * 1000, "answer": {**found, **times}}


def seed(page: Page, *entries: dict[str, Any]) -> None:
    """The history page with these entries, the last one the newest."""
    page.evaluate(SEED, list(entries))
    show_history(page)
    expect(page.locator(".history")).to_have_attribute("data-state", "some")


def show_history(page: Page) -> None:
    page.goto(re.match(r"http://[^/]+", page.url)[0] + "/history")  # type: ignore[index]  # it is an address
    page.wait_for_selector('.history:not([data-state="reading"])', state="attached")


# A picture is drawn when the page has nothing else to do, and leaving it before is to have none. The page itself waits,
# since Playwright's `wait_for_function` takes a promise for true.
WAIT_FOR_PICTURES = """
async (count) => {
  const { all, thumb } = window.argus.history;
  for (;;) {
    const changed = new Promise((resolve) => window.addEventListener("argushistorychanged", resolve, { once: true }));
    const pictures = await Promise.all((await all()).map(({ key }) => thumb(key)));
    if (pictures.filter(Boolean).length === count) return;
    await changed;
  }
}
"""


def wait_for_pictures(page: Page, count: int) -> None:
    """Until that many entries of the history have their pictures."""
    page.evaluate(WAIT_FOR_PICTURES, count)


def classify(page: Page, name: str) -> None:
    page.set_input_files('.zone input[type="file"]', EXAMPLES / name)
    expect(page.locator(".caption-name")).to_have_text(name)
    expect(page.locator("[data-answer] li").first).to_be_visible()


def rows(page: Page) -> Locator:
    return page.locator(".history-days .entry")


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
