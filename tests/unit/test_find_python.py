"""scripts/find_python.sh: which interpreter Argus is installed with, among made-up ones on PATH."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "find_python.sh"

# Answers the script's two questions by exit status, as the interpreter that it stands for would.
INTERPRETER = """#!/bin/sh
case "$*" in
  *version_info*) exit {old} ;;
  *CONFIG_ARGS*) exit {slow} ;;
  *--version*) echo "Python 3.0.1" ;;
esac
"""

MakePython = Callable[..., Path]
Find = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make_python(tmp_path: Path) -> MakePython:
    """An interpreter of that name in that folder; old: below 3.11; slow: built without optimisations."""

    def make(folder: str, name: str, *, old: bool = False, slow: bool = False) -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(INTERPRETER.format(old=int(old), slow=int(slow)))
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """The script's run with these folders first on PATH, and no Python of this machine on it."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "sh", "awk", "sed", "env"):
        found = next(Path(folder) / tool for folder in ("/bin", "/usr/bin") if (Path(folder) / tool).exists())
        (tools / tool).symlink_to(found)

    def run(*folders: str, python: str = "") -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([*(str(tmp_path / folder) for folder in folders), str(tools)])
        environment = {"PATH": path, "PYTHON": python}
        return subprocess.run([SCRIPT], env=environment, check=False, capture_output=True, text=True)

    return run


def test_one_that_was_built_with_optimisations_comes_first(make_python: MakePython, find: Find) -> None:
    """Though another stands before it on PATH, which is kept for when the first cannot make an environment."""
    slow, fast = make_python("own", "python3", slow=True), make_python("usr", "python3")
    assert find("own", "usr").stdout.split() == [str(fast), str(slow)]


def test_among_equals_the_usual_order_holds(make_python: MakePython, find: Find) -> None:
    """The plain name, then the newest; each in the order of PATH."""
    plain = make_python("usr", "python3")
    older, newer = make_python("own", "python3.11"), make_python("usr", "python3.13")
    assert find("own", "usr").stdout.split() == [str(plain), str(newer), str(older)]


def test_one_that_is_too_old_is_no_choice(make_python: MakePython, find: Find) -> None:
    """However fast."""
    make_python("usr", "python3", old=True)
    slow = make_python("own", "python3.12", slow=True)
    assert find("own", "usr").stdout.split() == [str(slow)]


def test_the_one_that_is_asked_for_is_taken(make_python: MakePython, find: Find) -> None:
    """By name or by path, and no other."""
    make_python("usr", "python3")
    slow = make_python("own", "python3.12", slow=True)
    assert find("own", "usr", python="python3.12").stdout.split() == [str(slow)]
    assert find("usr", python=str(slow)).stdout.split() == [str(slow)]


@pytest.mark.parametrize("python", ["", "python3"])
def test_without_a_fit_one_it_says_what_to_install(python: str, make_python: MakePython, find: Find) -> None:
    """And what it found."""
    make_python("usr", "python3", old=True)
    answer = find("usr", python=python)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "Python 3.11 or newer; found: Python 3.0.1" in answer.stderr
    assert "apt-get install" in answer.stderr


def test_one_that_does_not_exist(find: Find) -> None:
    """A name that is mistyped."""
    answer = find("usr", python="python9")
    assert answer.returncode == 1
    assert "found: none" in answer.stderr
