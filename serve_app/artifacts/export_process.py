"""Runs the export in a process of its own, and brings its progress, its result or its error back.

The caller may be a replica: it never imports torch.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from serve_app import errors
from serve_app.artifacts.finding import ExportRequest, Report
from serve_app.artifacts.folder import Artifact, open_artifact
from serve_app.errors import SetupError


def export_in_subprocess(request: ExportRequest, report: Report) -> Artifact:
    """Export with `python -m serve_app.export`; the child keeps the request's lock held should this process die.

    Raises the SetupError that the child raised, or SetupError with the end of its log when it crashed.
    """
    command = [sys.executable, "-m", "serve_app.export", request.spec]
    command += [
        "--runtime",
        request.runtime,
        "--precision",
        request.precision,
        "--root",
        str(request.root),
    ]
    if request.calibration is not None:
        command += ["--calibration-images", str(request.calibration.images)]
        command += ["--min-agreement", str(request.calibration.min_agreement)]
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            command,
            env=_child_environment(),
            pass_fds=(request.lock_fd,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        try:
            result = _follow(child, report)
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        if "artifact" in result:
            return open_artifact(Path(result["artifact"]))
        if "error" in result:
            raise _rebuild(result)
        raise SetupError(f"The export of {request.spec} ended with code {code}. The end of its log:\n{_tail(log)}")


def _follow(child: "subprocess.Popen[str]", report: Report) -> dict[str, str]:
    result: dict[str, str] = {}
    if child.stdout is None:
        raise TypeError("the child was started without a pipe")
    with child.stdout as lines:
        for line in lines:
            message = json.loads(line)
            if "report" in message:
                report(message["report"])
            else:
                result = message
    return result


def _rebuild(result: dict[str, str]) -> SetupError:
    kind = getattr(errors, result["error"], SetupError)
    if not (isinstance(kind, type) and issubclass(kind, SetupError)):
        kind = SetupError
    return kind(result["message"])


def _child_environment() -> dict[str, str]:
    """This process's environment, in which the child finds the same serve_app as this process did."""
    source = str(Path(errors.__file__).resolve().parent.parent)
    paths = [source, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _tail(log: IO[bytes], limit: int = 4000) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - limit))
    return log.read().decode("utf-8", errors="replace").strip()
