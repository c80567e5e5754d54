"""What `make install` sets for everything that runs in its environment."""

import os
import subprocess
import sys


def test_ray_reports_nothing_even_when_it_is_started_by_hand() -> None:
    """`serve run` in this environment has its usage statistics off without anything set."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    code = "from ray._common.usage import usage_lib; print(usage_lib.usage_stats_enabled())"
    printed = subprocess.run([sys.executable, "-c", code], env=clean, check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "False"
