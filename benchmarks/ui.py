"""The UI as people meet it: first loads, one photo, many photos, many sessions; in a real Chromium and a real service.

    python -m benchmarks.ui --images FOLDER [--rounds 3] [--photos 200] [--sessions 100] [--quick]

    argus up --> first loads --> one photo at a time --> many at once --> many sessions --> RESULTS.md

Stops whatever it started. Exit status: 0; 1 when something was not answered or a page complained; 2 when nothing could
be measured; 130 after Ctrl-C or SIGTERM.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import httpx
import psutil
from playwright.sync_api import Error as PlaywrightError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from argus_client import ArgusClient
from benchmarks.environments import BENCH, ROOT
from benchmarks.sections import write_section
from benchmarks.started import StartedSystem, SystemFailed
from benchmarks.systems import HOST
from benchmarks.ui_conversation import record_conversation
from benchmarks.ui_figures import Measured
from benchmarks.ui_pages import PATHS, measure_drop, measure_load, measure_round, open_page
from benchmarks.ui_report import draw_summary, list_faults, make_section
from benchmarks.ui_sessions import visit
from serve_app.cli.ports import choose_port
from tests.browser import NoChromium
from tests.e2e.browser import chromium

_RESULTS = ROOT / "benchmarks" / "RESULTS.md"
_SERVICE_PORT, _UI_PORT = 8124, 3124
# The page may have to be built first.
_START_TIMEOUT_S = 300.0
_POLL_S = 0.1
_MOST_PHOTOS = 200
_WARM_UP_DROPS = 3


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of everything; session_photos: of each session."""

    loads: int = 5
    drops: int = 30
    rounds: int = 3
    photos: int = 200
    sessions: int = 100
    session_photos: int = 5

    @property
    def steps(self) -> int:
        """What the progress bar counts."""
        return self.loads * len(PATHS) + self.drops + self.rounds + 2


_FULL = Amounts()
_QUICK = Amounts(loads=1, drops=6, rounds=1, photos=40, sessions=10, session_photos=2)

Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Running:
    """The addresses of the service and of the UI; weigh: the memory of the UI's server in MB."""

    service: str
    ui: str
    weigh: Callable[[], float]


def main() -> int:
    """Measure, print, write; returns the exit status."""
    options = _parse()
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        photos = list_photos(options.images)
        amounts = (
            _QUICK
            if options.quick
            else Amounts(rounds=options.rounds, photos=options.photos, sessions=options.sessions)
        )
        measured = _measure(photos, amounts, console)
    except KeyboardInterrupt:  # what was started has been stopped on the way here
        return 130
    except (ValueError, SystemFailed, NoChromium, PlaywrightError) as error:
        console.print(Text(str(error), style="red"))
        return 2
    section = make_section(measured)
    console.print(section, markup=False, highlight=False, soft_wrap=True)
    console.print(draw_summary(measured))
    faults = list_faults(measured)
    for fault in faults:
        console.print(Text(fault, style="red"))
    # A short look is not what RESULTS.md is for.
    if not options.quick:
        write_section(options.results, "ui", section)
        console.print(f"Written: {options.results}")
    return 1 if faults else 0


def list_photos(folder: Path) -> list[Path]:
    """JPEG files, at most 200, in the order of their names. Raises ValueError."""
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not photos:
        raise ValueError(f"{folder} holds no JPEG files. Name a folder of photos: make bench-ui IMAGES=folder")
    return photos[:_MOST_PHOTOS]


def weigh_ui(started: StartedSystem) -> float:
    """Memory (PSS) of the UI's server and its workers, in MB."""
    total = 0.0
    for process in started.find_processes():
        try:
            family = [process, *process.parents()]
            if any("reflex_frontend.production" in " ".join(one.cmdline()) for one in family):
                total += process.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
    return total


def _measure(photos: list[Path], amounts: Amounts, console: Console) -> Measured:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    # No refresh of its own: a thread that draws would take processor time from what is measured.
    with Progress(*columns, console=console, auto_refresh=False, speed_estimate_period=3600) as progress:
        task = progress.add_task("starting", total=amounts.steps)
        progress.refresh()
        seen = -1

        def show(what: str) -> None:
            nonlocal seen
            seen += 1
            progress.update(task, completed=seen, description=what, refresh=True)

        service_port = choose_port(HOST, _SERVICE_PORT)
        ui_port = choose_port(HOST, _UI_PORT, taken=frozenset({service_port}))
        service, address = f"http://{HOST}:{service_port}", f"http://{HOST}:{ui_port}"
        with _start(service_port, ui_port) as started:
            _wait_until_ready(started, service, address)
            running = Running(service, address, partial(weigh_ui, started))
            measured = _visit_all(running, photos, amounts, show)
        show("done")
    return measured


def _start(service_port: int, ui_port: int) -> StartedSystem:
    scratch = BENCH / "run" / "ui"
    scratch.mkdir(parents=True, exist_ok=True)
    configuration = scratch / "serve_config.yaml"
    shutil.copyfile(ROOT / "serve_config.yaml", configuration)
    argus = str(Path(sys.executable).with_name("argus"))
    ports = ["--serve-port", str(service_port), "--ui-port", str(ui_port)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT)}
    command = [argus, "up", "--no-grpc", "--config", str(configuration), *ports]
    return StartedSystem("argus up", command, environment, scratch, port=service_port)


def _wait_until_ready(started: StartedSystem, service: str, address: str) -> None:
    waiting = [f"{service}/health/ready", address]
    while waiting:
        started.check_running()
        if started.age_s > _START_TIMEOUT_S:
            raise started.fail(f"{waiting[0]} gave no good answer within {_START_TIMEOUT_S:.0f} s")
        waiting = [url for url in waiting if not _answers(url)]
        time.sleep(_POLL_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _visit_all(running: Running, photos: list[Path], amounts: Amounts, show: Show) -> Measured:
    loads, drops, rounds = [], [], []
    with chromium() as browser:
        for number in range(amounts.loads):
            for path in PATHS:
                show(f"first load {number + 1}/{amounts.loads}: {path}")
                loads.append(measure_load(browser, running.ui, path))
        with open_page(browser, running.ui, photos) as page, ArgusClient(running.service) as client:
            for number in range(_WARM_UP_DROPS):
                measure_drop(page, client, photos, number % len(photos))
            for number in range(amounts.drops):
                show("one photo at a time")
                drops.append(measure_drop(page, client, photos, number % len(photos)))
        with open_page(browser, running.ui, photos) as page:
            for number in range(amounts.rounds):
                show(f"{amounts.photos} photos at once, round {number + 1}/{amounts.rounds}")
                rounds.append(measure_round(page, amounts.photos, running.weigh))
        show("listening to a page")
        conversation = record_conversation(browser, running.ui, photos[0])
        version = f"Chromium {browser.version}"
    # Playwright keeps an event loop of its own while a browser runs, so the sessions begin after it.
    show(f"{amounts.sessions} sessions")
    visiting = visit(
        running.ui,
        conversation,
        [path.read_bytes() for path in photos],
        sessions=amounts.sessions,
        photos=amounts.session_photos,
        weigh=running.weigh,
    )
    return Measured(version, tuple(loads), tuple(drops), tuple(rounds), asyncio.run(visiting))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The UI in a real browser, in front of a real service.")
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--rounds", type=int, default=_FULL.rounds, help="of many photos at once")
    parser.add_argument("--photos", type=int, default=_FULL.photos, help="dropped at once")
    parser.add_argument("--sessions", type=int, default=_FULL.sessions, help="open at once")
    parser.add_argument("--quick", action="store_true", help="a short look at everything, which is not written down")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="Markdown file that gets the section")
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
