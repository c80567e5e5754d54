"""The steps of a start, from the log."""

from datetime import datetime

import pytest

from benchmarks.milestones import find_time, split_start

LOG = """2026-11-23 10:00:03,000\tINFO scripts.py:489 -- Running config file: 'serve_config.yaml'.
2026-11-23 10:00:07,500\tINFO worker.py:2029 -- Started a local Ray instance.
(ServeController pid=1) INFO 2026-11-23 10:00:09,000 controller 1 -- HAProxy is enabled in ServeController, replacing
2026-11-23 10:00:10,000\tSUCC scripts.py:546 -- Submitted deploy config successfully.
(ServeController pid=1) INFO 2026-11-23 10:00:11,000 controller 1 -- Imported and built app 'argus' successfully.
"""


def at(clock: str) -> float:
    return datetime.strptime(f"2026-11-23 {clock}", "%Y-%m-%d %H:%M:%S").astimezone().timestamp()


def test_every_second_of_a_start_belongs_to_a_step() -> None:
    """The steps add up to the whole."""
    steps = split_start(LOG, at("10:00:01"), at("10:00:15"))
    assert list(steps.values()) == pytest.approx([2, 4.5, 1.5, 1, 1, 4])


def test_a_line_that_is_not_there_costs_no_time() -> None:
    """A step that the log does not show is left out, and its time falls to the next one."""
    without = "\n".join(line for line in LOG.splitlines() if "Imported" not in line)
    steps = split_start(without, at("10:00:01"), at("10:00:15"))
    assert sum(steps.values()) == pytest.approx(14)
    assert list(steps.values())[-1] == pytest.approx(5)


def test_lines_of_an_earlier_start_do_not_count() -> None:
    """Only what was written afterwards is found."""
    assert find_time(LOG, "Running config file", after=at("10:00:05")) is None
