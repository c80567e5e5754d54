"""Draws the README's pictures from the running product (`make up` in another terminal): real pages, real answers.

python -m tests.e2e.readme_pictures [http://127.0.0.1:3000]
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from playwright.sync_api import Page, expect

from tests.e2e.browser import ROOT, chromium
from tests.e2e.comparing import EXAMPLES, choose, verdict

OUT = ROOT / "docs" / "images"
# Of the two minutes that the live page shows, what load needs to bring another replica.
LOAD_MS = 45_000


def classify(page: Page) -> None:
    """The answer to the cat."""
    for photo in ("coffee", "cat"):  # the second answer shows the service's usual times, not its first ones
        page.click(f"[data-example*={photo}]")
        page.wait_for_selector(f".caption-name:has-text('{photo}')")
        page.wait_for_selector('.panel[data-status="done"] [data-answer]')


def batch(page: Page) -> None:
    """The example photos as they are, mirrored, and closer, each read anew."""
    photos = _vary_examples()
    page.set_input_files('.zone input[type="file"]', photos)
    expect(page.locator('.card[data-status="done"]')).to_have_count(len(photos), timeout=60_000)


def compare(page: Page) -> None:
    """One photo and two models where the service has two, otherwise two photos."""
    page.wait_for_selector("[data-compare]")
    if page.locator(".one-model").is_visible():
        page.get_by_role("button", name="Compare two photos instead").click()
        choose(page, "left", "cat.jpg")
        choose(page, "right", "coffee.jpg")
    else:
        choose(page, "left", "cat.jpg")
    verdict(page).wait_for()


def live(page: Page) -> None:
    """Load on its way, for as long as its minute allows; it ends when the picture's page is closed."""
    page.wait_for_selector('.instruments[data-state="answering"] .cell')
    page.click('label:has(input[name="seconds"][value="60"])')
    page.get_by_role("button", name="Send load").click()
    page.wait_for_selector('.load[data-state="sending"]')
    page.wait_for_timeout(LOAD_MS)


def model(page: Page) -> None:
    """The card of the default model."""
    page.wait_for_selector(".label-list li")


# Load comes last, since it would slow down what others show.
PICTURES: tuple[tuple[str, Callable[[Page], None]], ...] = (
    ("/", classify),
    ("/", batch),
    ("/compare", compare),
    ("/model", model),
    ("/live", live),
)
HEIGHTS = {batch: 1240, compare: 1160}


def main(address: str) -> None:
    """Every picture in both themes, of one and the same answer."""
    OUT.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for path, draw in PICTURES:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            page.goto(address + path)
            page.wait_for_selector('.health[data-state="ready"]')
            draw(page)
            # Whole where it matters: the cards and the comparison are below the first screen.
            page.set_viewport_size({"width": 1280, "height": HEIGHTS.get(draw, 800)})
            page.mouse.move(0, 0)
            page.evaluate("document.activeElement.blur()")
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
                page.wait_for_timeout(250)
                _save(page.screenshot(), OUT / f"{draw.__name__}-{theme}.png")
            page.close()
            sys.stdout.write(f"{draw.__name__}\n")


def _save(picture: bytes, path: Path) -> None:
    """With a palette of 256 colours: a third of the size, and no difference that a reader sees."""
    with Image.open(io.BytesIO(picture)) as opened:
        reduced = opened.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    reduced.save(path, optimize=True)


def _vary_examples() -> list[dict[str, Any]]:
    photos = []
    for name in ("cat", "coffee", "rocket"):
        with Image.open(EXAMPLES / f"{name}.jpg") as opened:
            whole = opened.convert("RGB")
        width, height = whole.size
        closer = whole.crop((width // 8, height // 8, width - width // 8, height - height // 8))
        for variant, image in (("", whole), ("-mirrored", ImageOps.mirror(whole)), ("-closer", closer)):
            content = io.BytesIO()
            image.save(content, "JPEG", quality=92)
            photos.append({"name": f"{name}{variant}.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()})
    return photos


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:3000")
