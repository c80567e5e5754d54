"""`argus status`: one screen, one line, JSON; and a service that is away for a while."""

import io
import itertools
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from argus_client import Forbidden, ServiceStatus, ServiceUnreachable
from argus_client.answers import Answer, read_status
from serve_app.cli.exits import ExitCode
from serve_app.cli.status_view import Reading, draw, draw_bars, say_line
from serve_app.cli.watching import follow
from tests.e2e.fake_service import FakeService
from tests.e2e.fake_status import Ledger
from tests.fakes import ManualClock
from tests.unit.cli.conftest import Argus


def make_status(**shown: Any) -> ServiceStatus:
    """A status with these figures in it."""
    return read_status(Answer(200, {}, json.dumps(Ledger(shown=shown).describe()).encode(), 0.0))


def show(reading: Reading, width: int = 80) -> str:
    """The screen as text."""
    output = io.StringIO()
    Console(file=output, width=width).print(draw(reading))
    return output.getvalue()


def test_one_screen_has_it_all_in_eighty_columns(argus: Argus) -> None:
    """Replicas, rates, times and queue, with no line broken."""
    status = make_status(
        requests_per_s=123.4, ongoing=12, queued=7, latency_ms={"p50": 9.06, "p95": 140.2, "p99": None}
    )
    screen = show(Reading("http://127.0.0.1:8000", status))
    assert "ImageClassifier" in screen
    assert "123.4 answered" in screen
    assert "p50 9.1 ms   p95 140 ms   p99 -" in screen
    assert "12 requests under way, 7 images waiting" in screen
    assert len(screen.splitlines()) < 20
    assert max(map(len, screen.splitlines())) <= 80
    assert "answers" in argus("status").stdout


def test_json_is_the_status_of_the_service(argus: Argus) -> None:
    """With the address, for programs."""
    document = json.loads(argus("status", "--json").stdout)
    assert document["reachable"] is True
    assert document["replicas"]["running"] == 1
    assert document["latency_ms"].keys() == {"p50", "p95", "p99"}


def test_asked_once_a_missing_service_is_an_error(argus: Argus) -> None:
    """Without --watch, nobody waits for it."""
    assert argus("status", "--url", "http://127.0.0.1:9").exit_code == ExitCode.SERVICE


def test_an_incomplete_status_says_so() -> None:
    """Figures of some replicas are not shown as those of all."""
    assert "Not every replica" in show(Reading("u", make_status(complete=False)))
    assert "Not every replica" not in show(Reading("u", make_status()))


def test_a_service_that_comes_back_is_followed() -> None:
    """While it is away the last figures stay with their age, and the history goes on afterwards."""
    clock = ManualClock()
    answers: list[ServiceStatus | Exception] = [
        ServiceUnreachable("Nothing answers."),
        make_status(requests_per_s=1.0),
        ServiceUnreachable("Nothing answers."),
        ServiceUnreachable("Nothing answers."),
        make_status(requests_per_s=2.0),
    ]

    def ask() -> ServiceStatus:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    first, good, away, still, back = itertools.islice(follow("u", ask, clock.advance, clock), 5)
    assert first.status is None
    assert first.document == {"url": "u", "reachable": False, "error": "Nothing answers."}
    assert good.trouble == ""
    assert (away.trouble_s, still.trouble_s) == (1.0, 2.0)
    assert "unreachable, asking again" in show(still)
    assert "The figures are 2 s old." in show(still)
    assert "1.0 answered" in show(still)
    assert "error" not in back.document
    assert back.requests_per_s == (1.0, 2.0)
    assert "unreachable" not in show(back)
    assert say_line(still) == "unreachable for 2 s: Nothing answers."


def test_what_does_not_pass_ends_the_watching() -> None:
    """A refused key is refused every second; asking on would hide it."""

    def ask() -> ServiceStatus:
        raise Forbidden(status=403, code="forbidden", title="No", detail="No.")

    with pytest.raises(Forbidden):
        next(follow("u", ask, lambda _: None))


def test_bars_reach_from_nothing_to_the_highest_value() -> None:
    """The highest is a full bar, nothing is the lowest, and all zeros are no division by zero."""
    assert draw_bars([0, 1, 2, 4]) == "▁▃▅█"
    assert draw_bars([0, 0]) == "▁▁"
    assert draw_bars([]) == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_watching_ends_cleanly_when_asked(service: FakeService, number: signal.Signals, form: list[str]) -> None:
    """Ctrl-C and SIGTERM are the wanted end: exit code 0, no traceback, and a line for each second until then."""
    command = [sys.executable, "-m", "serve_app.cli", "status", "--watch", "--url", service.url, *form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "requests_per_s" in process.stdout.readline().replace(" requests/s", "requests_per_s")
        process.send_signal(number)
        assert process.wait(30) == ExitCode.DONE
        assert process.stderr.read() == ""
