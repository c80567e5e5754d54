"""Fetches a weights file over HTTP: whole and checked, or not at all. Knows no model."""

import hashlib
import os
import re
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError

from serve_app.catalog.entry import Report
from serve_app.errors import WeightsUnavailable

OFFLINE_VARIABLE = "ARGUS_OFFLINE"

_TIMEOUT_S = 30.0  # for one read; a network that drops packets must not hang a start for ever
_CHUNK_BYTES = 1 << 20
_SHA256_PREFIX = re.compile(r"-([a-f0-9]{8,})\.[a-z]+$")


def fetch_weights(name: str, url: str, folder: Path, report: Report, environment: Mapping[str, str]) -> Path:
    """The path of a model's weights file in `folder`, downloaded from `url` unless it is there.

    A file that is there is taken as it is. One that is downloaded must have the SHA-256 whose first digits its name
    carries (torchvision's files do).
    Raises WeightsUnavailable, with the file's address and place, when the download fails or ARGUS_OFFLINE is set.
    """
    file_name = Path(urllib.parse.urlparse(url).path).name
    path = folder / file_name
    if path.is_file():
        return path
    if environment.get(OFFLINE_VARIABLE, "") not in ("", "0"):
        raise WeightsUnavailable(_describe_missing(name, url, path, f"{OFFLINE_VARIABLE} forbids to download them"))
    try:
        _download(url, path, report)
    except (OSError, ValueError, HTTPException) as error:  # no route, an error page, a full disk, another file
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise WeightsUnavailable(_describe_missing(name, url, path, f"the download failed ({error})")) from error
    return path


def _download(url: str, path: Path, report: Report) -> None:
    report(f"downloading {url} to {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    request = urllib.request.Request(url, headers={"User-Agent": "argus-classifier"})  # noqa: S310  # torchvision's own
    fd, partial_name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    os.close(fd)
    partial = Path(partial_name)
    try:
        with (
            partial.open("wb") as file,
            urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer,  # noqa: S310  # torchvision's own
        ):
            sha256 = _copy(answer, file, report)
            file.flush()
            os.fsync(file.fileno())
        expected = _SHA256_PREFIX.search(path.name)
        if expected and not sha256.startswith(expected[1]):
            raise ValueError(f"the file's SHA-256 is {sha256}, which does not begin with {expected[1]}")
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _copy(answer: HTTPResponse, file: BinaryIO, report: Report) -> str:
    """Write an answer's body to a file and return its SHA-256. Raises OSError when it is shorter than announced."""
    digest = hashlib.sha256()
    total = int(answer.headers.get("Content-Length") or 0)
    done, next_percent = 0, 10
    while chunk := answer.read(_CHUNK_BYTES):
        file.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        if total and 100 * done >= next_percent * total:
            report(f"downloaded {100 * done // total} % of {total / 1e6:.1f} MB")
            next_percent = 100 * done // total + 10
    if done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes")
    return digest.hexdigest()


def _describe_missing(name: str, url: str, path: Path, cause: str) -> str:
    return (
        f"The weights of {name} are not on this machine, and {cause}. Fetch {url} where there is internet "
        f"and put it at {path}"
    )
