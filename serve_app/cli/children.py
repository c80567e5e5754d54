"""A child process of the launcher: started in a session of its own, with a log file, and ended in steps.

Knows nothing of what the child does.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_KILL_AFTER_S = 5.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(slots=True)
class Child:
    """A running or ended child; name: what the person at the terminal calls it."""

    name: str
    log: Path
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its process group and session."""
        return self.process.pid

    @property
    def title(self) -> str:
        """Its name at the start of a sentence."""
        return self.name[0].upper() + self.name[1:]

    @property
    def has_ended(self) -> bool:
        """Whether it has."""
        return self.process.returncode is not None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        status = self.process.returncode
        if status is not None and status < 0:
            return f"ended by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    def read_tail(self, lines: int = 25) -> list[str]:
        """The last lines of its log."""
        return read_tail(self.log, lines)

    async def end(self, first: signal.Signals, *, patience_s: float, hurry: asyncio.Event) -> None:
        """Ask it to end with `first`, wait, then end its process group; `hurry` cuts the waiting short."""
        await self._ask(first, patience_s, hurry, group=False)
        await self._ask(signal.SIGTERM, _KILL_AFTER_S, hurry, group=True)
        await self._ask(signal.SIGKILL, _KILL_AFTER_S, None, group=True)

    async def _ask(
        self, number: signal.Signals, patience_s: float, hurry: asyncio.Event | None, *, group: bool
    ) -> None:
        if self.has_ended:
            return
        with suppress(ProcessLookupError):
            if group:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        ended = asyncio.ensure_future(self.process.wait())
        waits = {ended} if hurry is None else {ended, asyncio.ensure_future(hurry.wait())}
        await asyncio.wait(waits, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


async def start_child(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, folder: Path
) -> Child:
    """Start it in `folder`; its output goes to `log`, whose former content is kept as `<log>.1`."""
    with _open_log(log) as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C in the terminal reaches the launcher alone, which then ends each child in its own way.
            start_new_session=True,
        )
    return Child(name, log, process)


def _open_log(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("wb")


def read_tail(log: Path, lines: int) -> list[str]:
    """The last lines of a file; none when it is not there."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    # Ray colours its lines even where nobody sees colours.
    return [line for line in _COLOURS.sub("", text).splitlines() if line.strip()][-lines:]


def script(name: str) -> str:
    """The path of a command that is installed beside this interpreter."""
    return str(Path(sys.executable).parent / name)
