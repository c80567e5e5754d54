"""What a worker process of Ray imports ahead, and that only the one that is meant does."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
import serve_app.spare_imports as spare_imports
first = [name for name in ("numpy", "fastapi", "openvino") if name in sys.modules]
done = spare_imports.import_if_wanted(Path(sys.argv[1]))
print(first, done, [name in sys.modules for name in (*spare_imports.MODULES, "openvino")])
"""


def run(mark: Path) -> str:
    command = [sys.executable, "-c", CODE, str(mark)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def test_one_worker_takes_the_mark_and_imports_and_the_next_does_not(tmp_path: Path) -> None:
    """Every worker of Ray imports the module itself, unconnected ones too, which must cost them nothing more."""
    mark = tmp_path / "argus-spare-wanted"
    mark.touch()
    assert run(mark) == "[] True [True, True, True, True, True]"
    assert not mark.exists()
    assert run(mark) == "[] False [False, False, False, False, False]"
