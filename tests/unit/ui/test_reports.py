"""What the page's script reports: read where it can be, and harmless where it cannot."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflex_frontend.photos import Photo
from reflex_frontend.reports import STATUSES, read_photo

ANSWER = {
    "labels": [{"label": "tabby", "score": 0.61}, {"label": "lynx", "score": 0.02}],
    "width": 451,
    "height": 300,
    "decode_ms": 2.0,
    "total_ms": 10.5,
    "model": "efficientnet_lite0",
    "request_id": "r-1",
}


def test_a_report_becomes_a_photo() -> None:
    """Field by field."""
    photo = read_photo({"id": "a", "status": "done", "name": "cat.jpg", "size_bytes": 7, "answer": ANSWER, "at_ms": 5})
    assert photo is not None
    assert (photo.id, photo.status, photo.filename, photo.size_bytes, photo.at_ms) == ("a", "done", "cat.jpg", 7, 5)
    assert [label.label for label in photo.answer.labels] == ["tabby", "lynx"]
    assert photo.answer.total_ms == 10.5


@pytest.mark.parametrize("report", [{}, {"id": "a"}, {"id": "", "status": "done"}, {"id": "a", "status": "eaten"}])
def test_a_report_without_id_or_with_an_unknown_status_is_no_photo(report: dict[str, Any]) -> None:
    """There is nothing that it could be shown as."""
    assert read_photo(report) is None


def test_what_is_too_long_is_cut() -> None:
    """No session grows beyond what its photos need."""
    labels = [{"label": "x" * 10_000, "score": 5}] * 1000
    photo = read_photo(
        {"id": "a", "status": "done", "name": "n" * 10_000, "preview": "data:image/" + "x" * 10**6}
        | {"answer": {"labels": labels}}
    )
    assert photo is not None
    assert len(photo.filename) == 200
    assert photo.preview == ""
    assert len(photo.answer.labels) == 10
    assert photo.answer.labels[0].score == 1.0


def test_a_preview_is_a_picture_or_nothing() -> None:
    """An address elsewhere would be fetched by every look at the page."""
    photo = read_photo({"id": "a", "status": "done", "preview": "https://elsewhere.example/pixel.png"})
    assert photo is not None
    assert photo.preview == ""


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
rows = st.dictionaries(st.sampled_from(("label", "labels", "score", "title", "total_ms", "width")), scalars, max_size=3)
anything = scalars | rows | st.lists(rows, max_size=2) | st.fixed_dictionaries({"labels": st.lists(rows, max_size=2)})
NAMES = ("name", "size_bytes", "preview", "at_ms", "since_ms", "trouble", "retry_at_ms", "answer", "refusal")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, anything)), st.sampled_from(STATUSES))
def test_nothing_that_a_browser_could_report_raises(report: dict[str, Any], status: str) -> None:
    """Any value of any type in any field."""
    photo = read_photo({**report, "id": "a", "status": status})
    assert isinstance(photo, Photo)
    assert photo.size_bytes >= 0
