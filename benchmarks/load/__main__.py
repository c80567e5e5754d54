"""A load test with one command.

    python -m benchmarks.load spike [--images FOLDER] [--url http://127.0.0.1:8000] [--driver open|locust] [--rate R]
    python -m benchmarks.load --report FILE

Starts the service as `make up` does, unless --url names one that runs, measures what it can do, runs the scenario and
writes out/load/<scenario>-<time>/report.html, load.png, figures.json and records.jsonl. Ctrl-C ends it, with a report
of what was seen until then. Exit status: 0; 1 when a verdict is missed and --check is given; 2 when nothing could be
tested; 130 after Ctrl-C.
"""

import argparse
import asyncio
import math
import resource
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from argus_client import ArgusClientError
from benchmarks.environments import ROOT
from benchmarks.facts import collect_machine_facts
from benchmarks.load.capacity import NoCapacity
from benchmarks.load.closed_loop import LocustFailed, check_locust
from benchmarks.load.findings import find_out
from benchmarks.load.records import Records, read_records
from benchmarks.load.report import write_report
from benchmarks.load.run import Order, run_load_test
from benchmarks.load.scenarios import SCENARIOS
from benchmarks.load.service import ServiceUnfit, check_address, open_target, read_configuration
from benchmarks.load.terminal import choose_view, print_verdicts
from benchmarks.photos import read_photos
from benchmarks.started import SystemFailed

_PREPARATION_S = 420.0
_EXAMPLES = ROOT / "assets" / "examples"
_AS_PLANNED = "as planned"
_INTERRUPTED = 130
_FILES = 8192


def main(arguments: Sequence[str] | None = None) -> int:
    """Test, or only report; returns the exit status."""
    options = parse_options(arguments)
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        if options.report is not None:
            return _report(read_records(options.report), options.report.parent, console, check=options.check)
        if options.url is not None:
            check_address(options.url, allow_remote=options.allow_remote)
        if options.driver == "locust":
            check_locust()
        return _test(options, read_photos(options.images), console)
    except (ValueError, ServiceUnfit, NoCapacity, LocustFailed, ArgusClientError) as error:
        console.print(Text(str(error), style="red"))
        return 2
    except KeyboardInterrupt:
        console.print("Interrupted before there was anything to report.")
        return _INTERRUPTED


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of a command line; ends the program where they make no sense."""
    parser = argparse.ArgumentParser(prog="make load", description="Load a service and report what it did.")
    parser.add_argument("scenario", nargs="?", choices=sorted(SCENARIOS), help="the shape of the load")
    parser.add_argument("--images", type=Path, default=_EXAMPLES, help="a folder of JPEG photos (the examples)")
    parser.add_argument("--config", type=Path, default=ROOT / "serve_config.yaml", help="of the service to start")
    parser.add_argument("--url", help="a service that runs already, such as http://127.0.0.1:8000")
    parser.add_argument("--allow-remote", action="store_true", help="load a service that is not on this machine")
    parser.add_argument("--driver", choices=("open", "locust"), default="open", help="a schedule, or users who wait")
    parser.add_argument("--rate", type=_positive, help="requests a second that count as full load (measured)")
    parser.add_argument("--seconds", type=_positive, help="the scenario's length; its phases keep their shares")
    parser.add_argument("--limit-s", type=_positive, help="end after this many seconds, start of the service aside")
    parser.add_argument("--out", type=Path, help="where the report goes (out/load/<scenario>-<time>)")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a verdict is missed")
    parser.add_argument("--report", type=Path, help="make the report of a records.jsonl anew, without a load")
    options = parser.parse_args(arguments)
    if options.scenario is None and options.report is None:
        parser.error(f"name a scenario: {', '.join(SCENARIOS)}")
    if options.url is None and options.allow_remote:
        parser.error("--allow-remote is for a service named with --url")
    return options


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _test(options: argparse.Namespace, photos: Sequence[bytes], console: Console) -> int:
    scenario = SCENARIOS[options.scenario]
    if options.seconds is not None:
        scenario = scenario.lasting(options.seconds)
    folder = options.out or ROOT / "out" / "load" / f"{scenario.name}-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    records = Records(settings={**collect_machine_facts(photos), "ended": _AS_PLANNED})
    order = Order(scenario, options.driver, options.rate, options.images.resolve(), folder)
    limit_s = options.limit_s or scenario.seconds + _PREPARATION_S
    status = 0
    _raise_file_limit()
    with closing(choose_view(console, scenario)) as view:
        view.tell("looking for the service" if options.url else "starting the service")
        with open_target(options.url, options.config, allow_remote=options.allow_remote) as target:
            if target.started is not None:
                records.settings["configuration"] = read_configuration(options.config)
            try:
                asyncio.run(_run_within(limit_s, run_load_test(order, target, photos, records, view)))
            except KeyboardInterrupt:
                records.settings["ended"], status = "interrupted", _INTERRUPTED
            except TimeoutError:
                records.settings["ended"] = f"ended by its limit of {limit_s:.0f} s"
            except SystemFailed as error:
                records.settings["ended"], status = "the service ended", 2
                console.print(Text(str(error), style="red"))
            view.close()
            if target.started is not None:
                console.print("Stopping the service.")
    if not records.sent:
        console.print(f"Nothing to report: {records.settings['ended']} before the first request.")
        return status or 2
    return _report(records, folder, console, check=options.check) or status


async def _run_within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(seconds):
        await work


def _report(records: Records, folder: Path, console: Console, *, check: bool) -> int:
    findings = find_out(records)
    path = write_report(findings, records, folder)
    if records.settings["ended"] != _AS_PLANNED:
        console.print(Text(f"Not the whole scenario: {records.settings['ended']}.", style="yellow"))
    if findings.generator_was_late:
        said = f"The generator was late itself, p99 {findings.late_p99_ms:.0f} ms: the machine was too busy for it."
        console.print(Text(said, style="yellow"), soft_wrap=True)
    print_verdicts(console, findings)
    console.print(f"Report: {path}", soft_wrap=True)
    return int(check and not all(verdict.holds for verdict in findings.verdicts))


def _raise_file_limit() -> None:
    """Every request under way is a file, and the usual limit of 1024 would look like a service that breaks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    sys.exit(main())
