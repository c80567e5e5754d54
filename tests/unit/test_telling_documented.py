"""docs/logs-and-traces.md describes all that lines and traces say, and every setting of them."""

import logging
from pathlib import Path

import pytest

from serve_app.classifier import Timing
from serve_app.journal import Finished
from serve_app.settings import ObservabilitySettings
from tests.telling import Told, make_journal

DOCUMENT = (Path(__file__).parents[2] / "docs" / "logs-and-traces.md").read_text()
STATE = {
    "request_id": "r-1",
    "server_timing": {"fetch": 1.0, "decode": 1.0, "queue": 1.0, "inference": 1.0},
    "problem": "internal",
    "model": "m",
    "images": 1,
    "bytes": 1,
    "client": "c",
    "slowest": Timing(1.0, 1.0, 1.0),
    "unforeseen": "Traceback",
}


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Everything that can be told: a request of which all is known, one too many, and something that is logged."""
    told = Told(tmp_path)
    settings = ObservabilitySettings(request_log="all", sample_ratio=1.0)
    journal = make_journal(settings, tmp_path, told.exported, most_waiting=1)
    for _ in range(2):
        journal.note(Finished(1.0, 0.1, 500, "POST", "/v1/classify", "/v1/classify", True, STATE))
    logging.getLogger("serve_app").warning("hot")
    journal.close()
    return told


def test_every_field_of_a_line_is_described(told: Told) -> None:
    """A row of the table has its name; and the lines have all that the table has."""
    table = DOCUMENT.partition("| field |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    described = {name.strip("` ") for row in rows for name in row.split(",")}
    assert {name for line in told.lines for name in line} == described
    assert {line["event"] for line in told.lines} == {"request", "log", "requests_untold"}


def test_every_span_and_attribute_is_described(told: Told) -> None:
    """By its name; url.scheme says nothing here and is there because OpenTelemetry wants it."""
    names = {span.name for span in told.exported.spans}
    attributes = {name for span in told.exported.spans for name in span.attributes or {}} - {"url.scheme"}
    assert len(names) == 4
    assert {name for name in names | attributes if name not in DOCUMENT} == set()


def test_every_setting_is_shown_with_its_default() -> None:
    """As it would stand in serve_config.yaml."""
    for name, value in ObservabilitySettings().model_dump().items():
        assert f"  {name}: {'null' if value is None else value}" in DOCUMENT
