"""`python -m tests.clients`: make the environment; says in a line what could not be had."""

import argparse
import sys

from benchmarks.environments import EnvironmentFailed
from tests.clients.environment import ensure_clients, lock_requirements
from tests.clients.perf_analyzer import NoPerfAnalyzer, ensure_perf_analyzer


def main() -> int:
    """Make, or pin; returns the exit status, which is 0 where a client is missing: its tests say so themselves."""
    parser = argparse.ArgumentParser(description="The environment of the third-party clients that the tests drive.")
    parser.add_argument("--lock", action="store_true", help="pin the requirements anew")
    options = parser.parse_args()
    try:
        if options.lock:
            lock_requirements()
            return 0
        ensure_clients(_say)
        ensure_perf_analyzer(_say)
    except (EnvironmentFailed, NoPerfAnalyzer) as error:
        _say(f"{error} Their tests are left out.")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
