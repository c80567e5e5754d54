"""`argus classify` and the client's many images, against the real service."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from argus_client import ArgusClient, AsyncArgusClient, Classification
from tests.e2e.serving import API_KEY, ROOT, RunningService

pytestmark = pytest.mark.timeout(300)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command in a folder."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("argus")), "classify", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_folder_is_classified_and_gone_on_with(real_service: RunningService, examples: Path, tmp_path: Path) -> None:
    """Right labels, a damaged photo as a row, and a second run that sends only what is new."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(20):
        shutil.copy(examples / ("cat.jpg" if number % 2 else "coffee.jpg"), photos / f"{number:02}.jpg")
    (photos / "damaged.jpg").write_bytes((examples / "cat.jpg").read_bytes()[:5000])
    command = ("photos", "--csv", "out.csv", "--url", real_service.url)
    first = run(tmp_path, *command)
    assert first.returncode == 1, first.stderr
    assert "photos/damaged.jpg" in first.stderr
    shutil.copy(examples / "rocket.jpg", photos / "new.jpg")
    again = run(tmp_path, *command)
    assert "21 of 22 are in out.csv already" in again.stderr
    assert "1 image in" in again.stderr
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = {row["filename"]: row for row in csv.DictReader(file)}
    assert len(rows) == 22
    assert {rows[f"photos/{n:02}.jpg"]["label_1"] for n in range(0, 20, 2)} == {"espresso"}
    assert rows["photos/new.jpg"]["model"] == "efficientnet_lite0"
    assert rows["photos/damaged.jpg"]["status"] == "failed"


def test_a_key_and_a_rate_limit_are_lived_with(real_service: RunningService, examples: Path, tmp_path: Path) -> None:
    """Without a key the run ends at once; with one a service that limits its clients is waited for."""
    shutil.copy(examples / "cat.jpg", tmp_path)
    url = f"{real_service.url}/keyed"
    refused = run(tmp_path, "cat.jpg", "--csv", "out.csv", "--url", url)
    assert refused.returncode == 3, refused.stderr
    answered = run(tmp_path, "cat.jpg", "--csv", "out.csv", "--url", url, "--api-key", API_KEY)
    assert answered.returncode == 0, answered.stderr


async def test_both_clients_answer_alike(real_service: RunningService, examples: Path) -> None:
    """In threads through httpx, in tasks over connections of their own: the same labels, in order."""
    photos = [examples / f"{name}.jpg" for name in ("cat", "coffee", "rocket")] * 4
    with ArgusClient(real_service.url) as client:
        blocking = list(client.classify_many(photos, concurrency=4, ordered=True))
    async with AsyncArgusClient(real_service.url) as asynchronous:
        awaited = [pair async for pair in asynchronous.classify_many(photos, concurrency=4, ordered=True)]
    assert [photo for photo, _ in blocking] == [photo for photo, _ in awaited] == photos
    for (_, one), (_, other) in zip(blocking, awaited, strict=True):
        assert isinstance(one, Classification)
        assert isinstance(other, Classification)
        assert one.predictions == other.predictions
