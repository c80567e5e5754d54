"""What a load test leaves in its folder, and what the terminal says meanwhile."""

import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from benchmarks.load.findings import find_out
from benchmarks.load.pulse import PulseTaker
from benchmarks.load.records import Effort, Records, read_records, write_records
from benchmarks.load.report import write_report
from benchmarks.load.scenarios import SCENARIOS
from benchmarks.load.terminal import LineView, TableView, View, choose_view, print_verdicts
from tests.unit.benchmarks.load_records import BROKEN, REFUSED, due_at, looks, make_records, served, weigh


class Page(HTMLParser):
    """What a browser would fetch and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def make_soak() -> Records:
    sent = [*(served(second + i / 3) for second in range(60) for i in range(3)), due_at(REFUSED, 5), due_at(BROKEN, 6)]
    return make_records("soak", sent, looks((0, 1, 1), (30, 2, 2)), weigh(7, [100.0] * 40, name="raylet"))


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    """A report can be made again of what was written."""
    records = make_soak()
    records.efforts = [Effort(1.0, 0.5, 0.25)]
    write_records(records, tmp_path / "records.jsonl")
    again = read_records(tmp_path / "records.jsonl")
    assert again.sent == [replace(one, due=round(one.due, 5)) for one in records.sent]
    assert (again.looks, again.weighings, again.efforts) == (records.looks, records.weighings, records.efforts)
    assert find_out(again).whole.offered == find_out(records).whole.offered


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"kind": "sent"}', '{"kind": "else"}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    """With the file's name, and without a stack."""
    path = tmp_path / "records.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"records\.jsonl"):
        read_records(path)


def test_the_report_is_one_file_that_needs_no_network(tmp_path: Path) -> None:
    """The picture is in it, and nothing is fetched from anywhere."""
    records = make_soak()
    path = write_report(find_out(records), records, tmp_path)
    page = Page(path.read_text())
    assert len(page.sources) == 1
    assert page.sources[0].startswith("data:image/png;base64,")
    for words in ("Load test: soak", "No request failed", "1 of 182", "raylet", "A <fast> processor", "abcdef1"):
        assert words in page.text
    with Image.open(tmp_path / "load.png") as picture:
        assert picture.width == 1800
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["whole"]["failed"] == 1
    assert figures["phases"]["warm-up"]["refused"] == 1


def test_a_report_of_next_to_nothing_is_a_report(tmp_path: Path) -> None:
    """An interruption right after the begin leaves one request, no look and no answer, and says so."""
    records = make_records("spike", [BROKEN], ended="interrupted", ran_s=0.4)
    page = Page(write_report(find_out(records), records, tmp_path).read_text())
    assert "Not the whole scenario: interrupted" in page.text


def test_a_pulse_counts_what_is_new() -> None:
    """Each request once, as a rate over the time since the last pulse."""
    records = Records()
    pulses = PulseTaker(SCENARIOS["spike"], 100.0, records)
    records.sent += [served(0.1), served(0.2), REFUSED, BROKEN]
    first = pulses.take(2.0)
    assert (first.served, first.refused, first.failed, first.look) == (1.0, 0.5, 1, None)
    assert (first.phase, first.offered) == ("before", pytest.approx(8))
    records.looks += looks((2.5, 1, 2))
    records.sent.append(served(2.5, 0.040))
    second = pulses.take(3.0)
    assert (second.served, second.failed) == (pytest.approx(1.0), 0)
    assert second.p99_ms == pytest.approx(40)
    assert second.look == records.looks[-1]
    assert pulses.take(1000).phase == "last answers"


def record(terminal: bool) -> tuple[View, io.StringIO]:
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=120)
    return choose_view(console, SCENARIOS["spike"]), text


def test_without_a_terminal_lines_come_now_and_then_and_failures_at_once() -> None:
    """A log stays short and misses nothing."""
    view, text = record(terminal=False)
    assert isinstance(view, LineView)
    records = Records(looks=looks((0, 1, 2)))
    pulses = PulseTaker(SCENARIOS["spike"], 100.0, records)
    view.tell("measuring")
    view.tell("measuring")
    for second in range(1, 13):
        if second == 8:
            records.sent.append(due_at(BROKEN, 7.2))
        view.show(pulses.take(second))
    view.close()
    lines = text.getvalue().splitlines()
    assert lines[0] == "measuring"
    assert [int(line.split()[0]) for line in lines[1:]] == [1, 6, 8]
    assert "failed 1" in lines[3]
    assert "\x1b" not in text.getvalue()


def test_on_a_terminal_a_table_is_drawn_anew() -> None:
    """With the phase, the rates and the replicas."""
    view, text = record(terminal=True)
    assert isinstance(view, TableView)
    records = Records(sent=[served(0.5)], looks=looks((0, 1, 2)))
    view.tell("measuring")
    view.show(PulseTaker(SCENARIOS["spike"], 100.0, records).take(1.0))
    view.close()
    for words in ("measuring", "offered/s", "before", "1 of 2 +1"):
        assert words in text.getvalue()


def test_verdicts_are_printed_one_a_line() -> None:
    """What holds and what was missed, in words."""
    text = io.StringIO()
    print_verdicts(Console(file=text, width=200), find_out(make_soak()))
    lines = text.getvalue().splitlines()
    assert any(line.startswith("missed") and "No request failed: 1 of 182" in line for line in lines)
    assert any(line.startswith("holds") for line in lines)


def test_failed_requests_are_shown_with_what_they_were_told(tmp_path: Path) -> None:
    """Those that were told the same together, however many; what a server says is never taken for HTML."""
    told = [replace(due_at(BROKEN, second), status=500, said="<b>Oops</b>") for second in (1, 2, 9)]
    records = make_records("ramp", [served(0.5), *told, replace(BROKEN, said="no answer within 15 s")])
    text = write_report(find_out(records), records, tmp_path).read_text()
    assert "<td>500</td><td>3</td><td>1.0 s</td><td>9.0 s</td><td>&lt;b&gt;Oops&lt;/b&gt;</td>" in text
    assert "<td>none</td><td>1</td>" in text


def test_a_generator_that_was_late_says_so(tmp_path: Path) -> None:
    """So that a busy machine is not taken for a slow service."""
    late = [replace(served(second), late=0.2) for second in range(60)]
    records = make_records("steady", late)
    findings = find_out(records)
    assert findings.generator_was_late
    assert "The generator was late itself" in write_report(findings, records, tmp_path).read_text()
    assert not find_out(make_records("steady", [served(1.0)])).generator_was_late
