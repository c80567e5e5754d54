"""Fails when a Python file is over 300 lines: past that it is more than one concept, and is split by pipeline step.

python scripts/check_file_length.py FOLDER...
"""

import sys
from pathlib import Path

MOST_LINES = 300


def main(folders: list[str]) -> int:
    """Name every file that is too long; returns the exit status."""
    too_long = [
        (path, lines)
        for folder in folders
        for path in sorted(Path(folder).rglob("*.py"))
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    ]
    for path, lines in too_long:
        sys.stdout.write(f"{path}: {lines} lines, at most {MOST_LINES}; split it by concept\n")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
