"""Locust's users, in their own process, against a server that does not classify."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.load.closed_loop import LocustFailed, drive_closed_loop
from benchmarks.load.records import Records
from benchmarks.load.scenarios import Phase, Scenario
from tests.photos import example
from tests.unit.benchmarks.photo_server import answer_ok, start_server

FULL = b"HTTP/1.1 429 Full\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
RUDE = b"HTTP/1.1 429 Full\r\nContent-Length: 0\r\n\r\n"
SHORT = Scenario("short", "", (Phase("steady", 1.0, 1.0, 1.0),))
pytestmark = pytest.mark.skipif(find_spec("locust") is None, reason="locust is an extra of its own: load")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(example("cat"))
    return folder


async def test_locust_s_users_make_the_same_records(photos: Path, tmp_path: Path) -> None:
    """As many users as the shape offers requests, in a process of its own, told to this one as it happens."""
    sent = Records().sent
    begins: list[float] = []
    two_seconds = Scenario("short", "", (Phase("steady", 2.0, 1.0, 1.0),))
    answers = iter([b"", *[answer_ok(b"")] * 2, FULL, RUDE, *[answer_ok(b"")] * 10_000])
    async with start_server(lambda _body: next(answers)) as url:
        await drive_closed_loop(url, photos, two_seconds, 10.0, tmp_path, began=begins.append, note=sent.append)
    assert len(begins) == 1
    assert {one.status for one in sent} >= {0, 200, 429}
    assert sum(one.is_refused for one in sent) == 1
    assert sum(one.is_failed for one in sent) == 2
    assert not (tmp_path / "locust-plan.json").exists()


async def test_locust_s_users_send_again_on_a_new_connection(photos: Path, tmp_path: Path) -> None:
    """A connection that was closed while idle is no failure, and is counted: as in the open loop."""
    sent = Records().sent
    turns = iter(range(10**9))
    three_seconds = Scenario("short", "", (Phase("steady", 3.0, 1.0, 1.0),))

    def hang_up_every_other_time(_body: bytes) -> bytes:
        return b"" if next(turns) % 2 else answer_ok(b"")

    async with start_server(hang_up_every_other_time) as url:
        await drive_closed_loop(url, photos, three_seconds, 1.0, tmp_path, began=lambda _at: None, note=sent.append)
    assert all(one.is_served for one in sent)
    assert any(one.reconnects for one in sent)


async def test_locust_that_cannot_run_is_explained(tmp_path: Path) -> None:
    """With what it said, instead of an empty report."""
    with pytest.raises(LocustFailed, match="holds no JPEG files"):
        await drive_closed_loop(
            "http://127.0.0.1:9/",
            tmp_path,
            SHORT,
            1.0,
            tmp_path,
            began=lambda _at: None,
            note=lambda _one: None,
        )
