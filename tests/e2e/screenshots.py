"""Draws every page in every state, light and dark, on a phone and on a desk, into out/screenshots (ignored by git).

python -m tests.e2e.screenshots [part of a picture's name ...]

The exit status is 1 when a page reported an error, or did not come into its state.
"""

import sys
import time
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page
from playwright.sync_api import Error as BrowserError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tests.e2e import (
    pictures_api,
    pictures_classify,
    pictures_compare,
    pictures_elsewhere,
    pictures_history,
    pictures_live,
    pictures_model,
)
from tests.e2e.browser import ROOT, chromium, running_ui
from tests.e2e.fake_service import FakeService
from tests.e2e.pictures import Scene, Stage

OUT = ROOT / "out" / "screenshots"
STAGES = (
    pictures_classify.STAGE,
    pictures_compare.STAGE,
    pictures_history.STAGE,
    pictures_live.STAGE,
    pictures_api.STAGE,
    pictures_model.STAGE,
    pictures_elsewhere.STAGE,
)
SIZES = {"1440": (1440, 900), "390": (390, 844)}
# What a laptop shows before anybody scrolls; of one scene alone.
FIRST_SCREEN = (1280, 800)
THEMES = ("light", "dark")
SETTLED_MS = 250


@dataclass
class Run:
    """One run of all scenes: what shows it and what went wrong; drawn: pictures so far."""

    browser: Browser
    progress: Progress
    wanted: list[str]
    errors: list[str] = field(default_factory=list)
    drawn: int = 0

    def select(self, stage: Stage) -> list[Scene]:
        """The stage's scenes that were asked for."""
        return [scene for scene in stage.scenes if not self.wanted or any(word in scene.name for word in self.wanted)]

    def note(self, scene: Scene, words: str, *, is_error: bool = True) -> None:
        """Say what a page said; an error counts."""
        self.progress.console.print(f"{scene.name}: {words}", markup=False, highlight=False)
        if is_error:
            self.errors.append(scene.name)


def main(wanted: list[str]) -> int:
    """Draws the scenes whose name holds one of the wanted words, or all; returns the exit status."""
    OUT.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began = time.monotonic()
    with chromium() as browser, Progress(*columns, console=Console(stderr=True)) as progress:
        run = Run(browser, progress, wanted)
        task = progress.add_task("", total=sum(len(run.select(stage)) for stage in STAGES))
        for stage in STAGES:
            if chosen := run.select(stage):
                _draw_stage(run, stage, chosen, task)
    took = time.monotonic() - began
    sys.stdout.write(f"{run.drawn} pictures in {OUT.relative_to(ROOT)}, {took:.0f} s, {len(run.errors)} errors\n")
    return 1 if run.errors else 0


def _draw_stage(run: Run, stage: Stage, chosen: list[Scene], task: TaskID) -> None:
    service = FakeService()
    stage.prepare(service)
    service.start()
    environment = {"ARGUS_UI_PROBE_INTERVAL_S": "0.5", **stage.environment}
    try:
        run.progress.update(task, description=f"{chosen[0].page}: starting")
        with running_ui(stage.elsewhere or service.url, environment) as address:
            for scene in chosen:
                run.progress.update(task, description=scene.name)
                service.reset()
                stage.prepare(service)
                state = "unreachable" if stage.elsewhere else "ready"
                _draw_scene(run, scene, address, service, state)
                run.progress.advance(task)
    finally:
        service.stop()


def _draw_scene(run: Run, scene: Scene, address: str, service: FakeService, health: str) -> None:
    """One session for all pictures of a scene: only its size and theme change between them."""
    context = run.browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("console", lambda said: _hear(run, scene, said))
    page.on("pageerror", lambda error: run.note(scene, str(error)))
    try:
        page.goto(address + scene.path)
        page.wait_for_selector(f'.health[data-state="{health}"]')
        scene.draw(page, service)
        page.mouse.move(0, 0)
        _take(run, page, scene)
    except (BrowserError, AssertionError, TimeoutError) as error:
        run.note(scene, f"not drawn: {error}")
    finally:
        context.close()


def _take(run: Run, page: Page, scene: Scene) -> None:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            _shoot(run, page, f"{scene.name}-{theme}-{size}", theme, whole=True)
    if scene.name == "classify-empty":
        page.set_viewport_size({"width": FIRST_SCREEN[0], "height": FIRST_SCREEN[1]})
        for theme in THEMES:
            _shoot(run, page, f"{scene.name}-{theme}-{FIRST_SCREEN[0]}", theme, whole=False)


def _shoot(run: Run, page: Page, name: str, theme: str, *, whole: bool) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=OUT / f"{name}.png", full_page=whole)
    run.drawn += 1


def _hear(run: Run, scene: Scene, said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        run.note(scene, f"console {said.type}: {said.text}", is_error=said.type == "error")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
