"""Which processes are Ray's workers, by their titles."""

import subprocess
import sys

import pytest

from serve_app.worker_processes import is_idle, is_replica_of, read_title


def test_children_of_one_parent_see_each_other() -> None:
    """Whatever thread of the parent started them; the own process is among them."""
    code = "from serve_app.worker_processes import list_worker_titles; print(*list_worker_titles())"
    parent = f"""
import subprocess, sys, threading
waiting = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
def ask():
    asking = subprocess.Popen([sys.executable, "-c", {code!r}], stdout=subprocess.PIPE, text=True)
    print(waiting.pid, asking.pid, asking.communicate()[0])
thread = threading.Thread(target=ask)
thread.start()
thread.join()
waiting.kill()
"""
    out = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True, timeout=60).stdout
    waiting, asking, *listed = out.split()
    assert {waiting, asking} <= set(listed)


def test_a_process_that_is_gone_has_no_title() -> None:
    """Processes end between being listed and being read."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(timeout=60)
    assert read_title(str(ended.pid)) == ""
    assert read_title("self")


@pytest.mark.parametrize(
    ("title", "idle", "replica"),
    [
        ("ray::IDLE", True, False),
        ("ray::IDLE_SpillWorker", False, False),
        ("ray::ServeReplica:argus:ImageClassifier", False, True),
        ("ray::ServeReplica:argus2:ImageClassifier", False, False),
        ("", False, False),
    ],
)
def test_titles_tell_what_a_worker_is(title: str, idle: bool, replica: bool) -> None:
    """Ray's own titles, whole."""
    assert (is_idle(title), is_replica_of(title, "argus")) == (idle, replica)
