"""`argus status`: the service is asked once, or every second until Ctrl-C.

While it is watched, a service that does not answer is a state to show and not an error: it may be starting.
"""

import json
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live

from argus_client import ArgusClient, Internal, NotReady, Overloaded, RateLimited, ServiceStatus, ServiceUnreachable
from serve_app.cli.listing import print_json
from serve_app.cli.status_view import Reading, draw, say_line

_INTERVAL_S = 1.0
# An answer that takes longer says as much as none.
_PATIENCE_S = 3.0
_REMEMBERED = 60
# What may be over a moment later; anything else will be the same every time.
_PASSING = (ServiceUnreachable, NotReady, Overloaded, RateLimited, Internal)

Show = Callable[[Reading], None]


def show_once(url: str, api_key: str | None, *, as_json: bool) -> None:
    """Ask once and show it. Raises ArgusClientError."""
    with ArgusClient(url, api_key=api_key) as client:
        reading = Reading(url, client.status())
    if as_json:
        print_json(reading.document)
    else:
        Console().print(draw(reading))


def watch(url: str, api_key: str | None, *, as_json: bool) -> None:
    """Show what the service does until Ctrl-C or SIGTERM, which are the wanted end. Raises ArgusClientError.

    In place on a terminal; elsewhere a line a second, or with as_json a line of JSON.
    """
    console = Console()
    readings = read_repeatedly(url, api_key)
    with _ended_by_signals():
        if as_json:
            for reading in readings:
                _print_line(json.dumps(reading.document, ensure_ascii=False))
        elif console.is_terminal:
            with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
                for reading in readings:
                    live.update(draw(reading), refresh=True)
        else:
            for reading in readings:
                _print_line(f"{datetime.now().astimezone():%H:%M:%S}  {say_line(reading)}")


def read_repeatedly(url: str, api_key: str | None) -> Iterator[Reading]:
    """A reading a second, for ever."""
    with ArgusClient(url, api_key=api_key, timeout_s=_PATIENCE_S, retries=0) as client:
        yield from follow(url, client.status, time.sleep)


def follow(
    url: str,
    ask: Callable[[], ServiceStatus],
    pause: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Reading]:
    """Readings as `ask` gives them, with `pause` between two. Raises what does not pass by itself."""
    last: ServiceStatus | None = None
    answered = clock()
    rates: deque[float] = deque(maxlen=_REMEMBERED)
    times: deque[float] = deque(maxlen=_REMEMBERED)
    while True:
        try:
            last, answered, trouble = ask(), clock(), ""
            rates.append(last.requests_per_s)
            times.append(last.latency_ms.p95 or 0.0)
        except _PASSING as error:
            trouble = str(error)
        yield Reading(url, last, trouble, clock() - answered, tuple(rates), tuple(times))
        pause(_INTERVAL_S)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    # SIGTERM ends it as Ctrl-C does, so that the terminal gets its cursor back.
    def end(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, former)


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
