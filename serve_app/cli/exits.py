"""Exit codes of every command, and which error of ours means which.

`Commands` is the one place where an error that was foreseen becomes a sentence on standard error and an exit code; a
command raises and does not catch. What nobody foresaw keeps its traceback.
"""

import errno
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SERVICE = 3
    NOT_WRITTEN = 4
    SETUP = 5
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "not done, or not all of it; or a check found something wrong",
    ExitCode.USAGE: "the command line is wrong, or a file that it names cannot be used",
    ExitCode.SERVICE: "the service does not answer, is not ready, or says no (key, model)",
    ExitCode.NOT_WRITTEN: "a file cannot be written",
    ExitCode.SETUP: "a model, its weights or a package is missing here",
    ExitCode.INTERRUPTED: "ended by Ctrl-C",
    ExitCode.TERMINATED: "ended by SIGTERM",
}
"""What the documentation says of each code; a test compares."""


class CommandError(Exception):
    """A command cannot go on; the message says why and what to do."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


class Commands(TyperGroup):
    """The group of all commands, which turns foreseen errors into words and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises typer.Exit with the code of what went wrong."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say_error("Interrupted.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except Exception as error:
            foreseen = explain(error)
            if foreseen is None:
                raise
            message, code = foreseen
            say_error(message)
            raise typer.Exit(code) from error


def say_error(message: str) -> None:
    """One message for a person on standard error, in red where that can be seen."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True).print(Text(message, style="red"), soft_wrap=True, highlight=False)


def explain(error: Exception) -> tuple[str, ExitCode] | None:
    """What to tell the person and the exit code; None for an error that nobody foresaw."""
    if isinstance(error, CommandError):
        return str(error), error.code
    if isinstance(error, OSError) and error.filename and error.errno != errno.EPIPE:
        return f"{error.filename}: {error.strerror}.", ExitCode.USAGE
    return _explain_client_error(error) or _explain_setup_error(error)


def _explain_client_error(error: Exception) -> tuple[str, ExitCode] | None:
    from argus_client import ArgusClientError, Forbidden, ModelNotFound, NotReady, ServiceUnreachable, Unauthenticated

    match error:
        case ServiceUnreachable():
            advice = "Start it with `argus serve`, or name another address with --url. `argus doctor` looks further."
            return f"{error}\n{advice}", ExitCode.SERVICE
        case NotReady():
            return f"{error}\nIt starts or stops; try again in a moment.", ExitCode.SERVICE
        case ModelNotFound():
            return f"{error}\n`argus models` lists what it serves.", ExitCode.SERVICE
        case Unauthenticated() | Forbidden():
            return f"{error}\nGive a key with --api-key or in ARGUS_API_KEY.", ExitCode.SERVICE
        case ArgusClientError():
            return str(error), ExitCode.SERVICE
    return None


def _explain_setup_error(error: Exception) -> tuple[str, ExitCode] | None:
    from serve_app.errors import SetupError

    return (str(error), ExitCode.SETUP) if isinstance(error, SetupError) else None
