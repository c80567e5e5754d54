"""Child processes: their logs, and how they are ended."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from serve_app.cli.children import Child, start_child

POLITE = "import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: sys.exit(3)); print('up'); time.sleep(600)"
STUBBORN = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("up")
time.sleep(600)
"""


async def start(code: str, folder: Path) -> Child:
    """A child that has said `up`."""
    command = [sys.executable, "-c", code]
    child = await start_child("the child", command, environment=os.environ, log=folder / "logs/a.log", folder=folder)
    while "up" not in child.read_tail():
        await asyncio.sleep(0.02)
    return child


async def test_a_child_ends_in_its_own_way(tmp_path: Path) -> None:
    """The first signal is the one that the child drains on, and its way of ending is reported."""
    child = await start(POLITE, tmp_path)
    await child.end(signal.SIGINT, patience_s=20, hurry=asyncio.Event())
    assert child.has_ended
    assert child.ending == "ended with status 3"


async def test_a_second_request_cuts_the_waiting_short(tmp_path: Path) -> None:
    """An impatient person does not wait for a child that does not end."""
    child = await start(STUBBORN, tmp_path)
    hurry = asyncio.Event()
    hurry.set()
    await child.end(signal.SIGINT, patience_s=600, hurry=hurry)
    assert child.ending == "ended by SIGKILL"


async def test_ctrl_c_in_the_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    """A child has a session of its own, so only the launcher hears the terminal."""
    child = await start(POLITE, tmp_path)
    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    await child.end(signal.SIGINT, patience_s=20, hurry=asyncio.Event())


async def test_the_log_of_the_last_start_is_kept(tmp_path: Path) -> None:
    """A new start does not wipe out why the last one failed."""
    for line in ("first up", "second up"):
        command = [sys.executable, "-c", f"print({line!r})"]
        child = await start_child("a", command, environment=os.environ, log=tmp_path / "a.log", folder=tmp_path)
        await child.process.wait()
    assert child.read_tail() == ["second up"]
    assert (tmp_path / "a.log.1").read_text().strip() == "first up"


async def test_the_tail_is_the_last_lines_without_blanks(tmp_path: Path) -> None:
    """What is shown after a failure is the end of the log, not its middle."""
    command = [sys.executable, "-c", "print('\\n\\n'.join(str(n) for n in range(40000)))"]
    child = await start_child("a", command, environment=os.environ, log=tmp_path / "a.log", folder=tmp_path)
    await child.process.wait()
    assert child.read_tail(2) == ["39998", "39999"]
