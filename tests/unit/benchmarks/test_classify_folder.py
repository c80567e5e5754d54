"""What the benchmark of `argus classify` makes of its figures."""

from pathlib import Path

from benchmarks.classify_folder import copy_photos
from benchmarks.classify_folder_report import Command, Round, Scaling, describe

FACTS = {
    "date": "2026-11-26T10:00+00:00",
    "commit": "abc1234",
    "cpu": "A processor",
    "cores": 2,
    "photos": 100,
    "photo_kb": 110,
}
COPIES, PLAIN = Command(162.0, 171.0, 0.3, 0.5), Command(90.0, 175.0, 0.4, 3.5)
ROUNDS = [
    Round((180.0, 0.1), COPIES, (160.0, 0.1), PLAIN, (200.0, 0.1), 0.97),
    Round((200.0, 0.1), COPIES, (160.0, 0.1), PLAIN, (200.0, 0.1), 0.99),
]


def test_a_command_is_compared_with_the_loads_on_either_side_of_it() -> None:
    """The machine drifts, so neither the first load nor the mean of all would do."""
    section = describe(ROUNDS, Scaling(150.0, 2, 0.8), FACTS, photos=2000, seconds=6.0)
    lines = {line.split("|")[1].strip(): line for line in section.splitlines() if line.startswith("|")}
    assert "| 162 | 0.93 (0.90 to 0.95) | 0.98 (0.95 to 1.01) | 0.50 |" in lines["`argus classify`, 2,000 photos"]
    assert "| 90 | 0.50 | 0.97 | 3.50 |" in lines["`argus classify`, 100 photos"]
    assert "went at 150 images/s from start\nto end, with 2 replicas" in section


def test_copies_are_spread_over_folders(tmp_path: Path) -> None:
    """As people keep them, and each a file of its own."""
    photos = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for photo in photos:
        photo.write_bytes(photo.name.encode())
    copy_photos(photos, 1001, tmp_path / "many")
    copies = sorted((tmp_path / "many").rglob("*.jpg"))
    assert len(copies) == 1001
    assert len({copy.parent for copy in copies}) == 2
    assert [copy.read_bytes() for copy in copies[:3]] == [b"a.jpg", b"b.jpg", b"a.jpg"]
