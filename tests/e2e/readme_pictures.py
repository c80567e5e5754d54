"""Draws the README's pictures from the running product (`make up` in another terminal): real page, real answer.

python -m tests.e2e.readme_pictures [http://127.0.0.1:3000]
"""

import sys

from tests.e2e.browser import ROOT, chromium

OUT = ROOT / "docs" / "images"


def main(address: str) -> None:
    """The classify page with the answer to the cat, in both themes."""
    OUT.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for theme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": 1280, "height": 780},
                color_scheme="light" if theme == "light" else "dark",
                reduced_motion="reduce",
            )
            page.goto(address)
            page.wait_for_selector('.health[data-state="ready"]')
            for photo in ("coffee", "cat"):  # the second answer shows the service's usual times, not its first ones
                page.click(f"[data-example*={photo}]")
                page.wait_for_selector(f"[data-answer]:has-text('{photo}')" if photo == "cat" else "[data-answer]")
            page.screenshot(path=OUT / f"classify-{theme}.png")
            page.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000")
