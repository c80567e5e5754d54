"""The benchmark of the UI counts what it says: every click and photo, and sessions that repeat a real page's words."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sections import write_section
from benchmarks.ui import list_photos
from benchmarks.ui_conversation import fill_in, read_conversation
from benchmarks.ui_figures import Drop, FirstLoad, Measured, Round, Visited, percentile
from benchmarks.ui_report import count_added_ms, judge, list_faults, make_section

URL = "ws://127.0.0.1:3124/_event/?token=one&EIO=4&transport=websocket"
LOAD = FirstLoad("/", 200.0, {"/": 2_000, "/app.js": 90_000}, 2, ())
ROUND = Round(200, 200, 2.0, (20.0, 40.0), 0, (60.0,), 100.0, 110.0)
VISITED = Visited(2, 2, 4, 1.0, (5.0,), (9.0,), (3.0,), (12.0,), 0, (), 100.0, 101.0, 103.0)
GOOD = Measured("Chromium 1", (LOAD,), (Drop(40.0, 20.0, 15.0),), (ROUND, ROUND), VISITED)


def report(status: str, **fields: Any) -> str:
    photo = {"id": "a1b2", "status": status, **fields}
    event = {"name": "state.take_report", "payload": {"report": {"photos": [photo]}}, "router_data": {"pathname": "/"}}
    return "42/_event," + json.dumps(["event", event])


def frames() -> list[str | bytes]:
    nothing = {"name": "state.take_report", "payload": {"report": {"whole": True, "photos": []}}}
    return [
        '40/_event,{"event":{"name":"hydrate"},"state_schema":"s"}',
        "42/_event," + json.dumps(["event", nothing]),
        report("working"),
        "3",
        report("done", answer={"model": "theirs"}),
        report("done", answer={"model": "theirs"}, preview="data:image/jpeg;base64,AA"),
    ]


def test_a_percentile_is_one_of_the_values() -> None:
    """The smallest that so many do not exceed; of nothing there is none."""
    values = [40.0, 10.0, 30.0, 20.0]
    assert [percentile(values, percent) for percent in (25, 50, 95, 100)] == [10.0, 20.0, 40.0, 40.0]
    assert math.isnan(percentile([], 50))


def test_a_conversation_is_read_from_what_a_page_sent() -> None:
    """Where it connects, with what, and its reports of a photo; a report of nothing is none."""
    conversation = read_conversation(URL, frames())
    assert (conversation.path, conversation.namespace, conversation.photo) == ("/_event", "/_event", "a1b2")
    assert conversation.greeting["state_schema"] == "s"
    assert len(conversation.reports) == 3


def test_a_conversation_is_repeated_with_another_photo_and_its_answer() -> None:
    """Nothing of the recorded photo is left, and the recording stays as it is."""
    conversation = read_conversation(URL, frames())
    before, after = conversation.repeat("c3d4")
    for event in after:
        fill_in(event, {"model": "ours"})
    said = json.dumps([*before, *after])
    assert (len(before), len(after)) == (1, 2)
    assert "a1b2" not in said
    assert "theirs" not in said
    assert after[1]["payload"]["report"]["photos"][0]["preview"].startswith("data:")
    assert conversation.photo == "a1b2"


@pytest.mark.parametrize("missing", [frames()[1:], frames()[:3]], ids=["no connection", "no answer"])
def test_a_page_that_says_something_else_ends_the_measurement(missing: Sequence[str | bytes]) -> None:
    """Sessions that repeat half a conversation would measure half of it."""
    with pytest.raises(ValueError, match="did not say"):
        read_conversation(URL, missing)


def test_the_page_is_compared_with_the_client_by_their_medians() -> None:
    """One slow photo on either side changes nothing."""
    drops = [Drop(50.0, 20.0, 10.0), Drop(900.0, 20.0, 11.0), Drop(51.0, 20.0, 700.0)]
    assert count_added_ms(drops) == 51.0 - 11.0


def test_a_good_run_has_no_fault_and_meets_every_wish() -> None:
    """The example that the next tests spoil."""
    assert list_faults(GOOD) == []
    assert all(holds for _, _, _, holds in judge(GOOD))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (replace(GOOD, loads=(replace(LOAD, complaints=("lost",)),)), "/: lost"),
        (replace(GOOD, rounds=(replace(ROUND, answered=198),)), "2 of 200 photos"),
        (replace(GOOD, rounds=(replace(ROUND, unhandled=3),)), "3 clicks"),
        (replace(GOOD, visited=replace(VISITED, errors=("TimeoutError: ",))), "TimeoutError"),
    ],
)
def test_nothing_that_went_wrong_is_left_out(spoilt: Measured, said: str) -> None:
    """A complaint, a photo without an answer, a click without an effect, a lost session."""
    (fault,) = list_faults(spoilt)
    assert said in fault
    assert judge(spoilt)[-1][-1] is False


@pytest.mark.parametrize(
    ("spoilt", "which"),
    [
        (replace(GOOD, loads=(LOAD, replace(LOAD, path="/live", files={"/big.js": 370_000}))), "first load"),
        (replace(GOOD, loads=(replace(LOAD, paint_ms=501.0),)), "first contentful paint"),
        (replace(GOOD, drops=(Drop(166.0, 20.0, 15.0),)), "drop to label"),
        (replace(GOOD, rounds=(replace(ROUND, clicks_ms=(20.0, 201.0)),)), "a click"),
        (replace(GOOD, rounds=(ROUND, replace(ROUND, after_mb=120.0))), "memory"),
    ],
)
def test_a_wish_that_is_not_met_is_said(spoilt: Measured, which: str) -> None:
    """Each is judged by its worst page or round."""
    (missed,) = [what for what, _, _, holds in judge(spoilt) if not holds]
    assert missed.startswith(which)


def test_a_page_that_is_too_large_is_taken_apart() -> None:
    """Its largest files are named, so that something can be cut."""
    heavy = replace(LOAD, files={"/app.js": 360_000, "/font.woff2": 30_000})
    assert "/app.js 360.0 kB, /font.woff2 30.0 kB" in make_section(replace(GOOD, loads=(heavy,)))
    assert "largest files" not in make_section(GOOD)


def test_the_section_holds_every_round_and_what_a_session_weighs() -> None:
    """Rounds one by one, then all clicks together."""
    section = make_section(GOOD)
    assert "| 2 | 200 of 200 | 2.00 | 100 | 20 | 40 | 40 | 2 | 1 | 60 | 100, 110 |" in section
    assert "| all |  |  |  | 20 | 40 | 40 | 4 |" in section
    assert "1.50 MB a session" in section


def test_a_section_is_replaced_in_place_and_nothing_else_is_touched(tmp_path: Path) -> None:
    """The first time it is appended; other sections keep their own marks."""
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n\n<!-- int8 -->\nkept\n<!-- /int8 -->\n")
    write_section(results, "ui", "old\n")
    results.write_text(results.read_text() + "\n## Later\n")
    write_section(results, "ui", "new\n")
    assert results.read_text() == (
        "# Results\n\n<!-- int8 -->\nkept\n<!-- /int8 -->\n\n<!-- ui -->\nnew\n<!-- /ui -->\n\n## Later\n"
    )


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    """With what to do instead."""
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match="IMAGES=folder"):
        list_photos(tmp_path)
    (tmp_path / "b.JPG").write_bytes(b"x")
    (tmp_path / "a.jpeg").write_bytes(b"x")
    assert [path.name for path in list_photos(tmp_path)] == ["a.jpeg", "b.JPG"]
