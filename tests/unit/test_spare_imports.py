"""What a worker process of Ray imports ahead, and that only an idle one does."""

import subprocess
import sys

import pytest

CODE = """
import sys
import serve_app.spare_imports as spare_imports
first = [name for name in ("ray", "numpy", "fastapi", "openvino") if name in sys.modules]
spare_imports.read_title = lambda _: {title!r}
done = spare_imports.import_if_idle()
print(first, done, [name in sys.modules for name in (*spare_imports.MODULES, "openvino")])
"""


@pytest.mark.parametrize(
    ("title", "expected"),
    [("ray::IDLE", "[] True [True, True, True, True]"), ("ray::Noticeboard", "[] False [False, False, False, False]")],
)
def test_only_an_idle_worker_imports_what_a_replica_needs(title: str, expected: str) -> None:
    """Every worker of Ray imports the module itself, which must cost none of them anything."""
    code = CODE.format(title=title)
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout
    assert out.strip() == expected
