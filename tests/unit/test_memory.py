"""Pages of mapped files are given back, and are there again when they are read."""

import mmap
import re
import sys
from pathlib import Path

import pytest

from serve_app.memory import return_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is mapped is read as Linux shows it")

SIZE = 4 << 20
CONTENT = bytes(range(256)) * (SIZE // 256)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "model.bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def resident(path: Path) -> int:
    """Bytes of that file's mappings that are in memory."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            ours = line.endswith(str(path))
        elif ours and line.startswith("Rss:"):
            total += int(line.split()[1]) << 10
    return total


def test_a_mapped_model_is_given_back_and_can_still_be_read(weights: Path) -> None:
    with weights.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:] == CONTENT
        assert resident(weights) == SIZE
        return_memory([weights.parent])
        assert resident(weights) == 0
        assert mapped[:] == CONTENT


def test_through_a_link_too(weights: Path, tmp_path: Path) -> None:
    """Whoever keeps models on another disk links to their folder."""
    link = tmp_path / "link"
    link.symlink_to(weights.parent)
    with weights.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:] == CONTENT
        return_memory([link])
        assert resident(weights) == 0


def test_other_files_are_left_alone(weights: Path, tmp_path: Path) -> None:
    """A folder whose name only begins alike is another one."""
    beside = tmp_path / "model-2"
    beside.mkdir()
    with weights.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:] == CONTENT
        return_memory([tmp_path / "mod", beside])
        return_memory()
        assert resident(weights) == SIZE


def test_what_was_written_into_a_private_mapping_is_kept(weights: Path) -> None:
    with weights.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        mapped[:4] = b"mine"
        return_memory([weights.parent])
        assert mapped[:4] == b"mine"
