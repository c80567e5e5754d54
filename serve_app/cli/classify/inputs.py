"""Arguments -> names of image files: files, folders with all below them, patterns, lists.

A name stays as the person wrote it, since rows of an output file are found by it again.
"""

import glob
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

# What the service takes. In a folder only these count; a file that is named by itself is sent whatever it is called.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")


class InputError(Exception):
    """An argument that leads to no image; says which."""


def find_images(arguments: Iterable[str]) -> list[str]:
    """Every image that the arguments mean, each once, folders in the order of their names. Raises InputError."""
    found: dict[str, None] = {}
    for argument in arguments:
        names = list(_expand(argument))
        if not names:
            raise InputError(f"{argument} holds no images ({', '.join(SUFFIXES)}).")
        found |= dict.fromkeys(names)
    return list(found)


def read_list(file: BinaryIO, *, separator: bytes = b"\n") -> Iterator[str]:
    """The names in a list, as they arrive; empty lines are left out."""
    rest = b""
    while piece := file.read1(2**16) if hasattr(file, "read1") else file.read(2**16):
        *names, rest = (rest + piece).split(separator)
        yield from (os.fsdecode(name) for name in map(_trim, names) if name)
    if name := _trim(rest):
        yield os.fsdecode(name)


def _trim(line: bytes) -> bytes:
    return line.removesuffix(b"\r")


def _expand(argument: str) -> Iterator[str]:
    if argument == "-":
        yield argument  # one image on stdin
    elif os.path.isdir(argument):  # noqa: PTH112  # names stay as they were written; a Path would tidy them
        yield from _walk(argument)
    elif os.path.lexists(argument):
        yield argument
    elif glob.has_magic(argument):
        for name in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207  # as written, too
            if not os.path.isdir(name):  # noqa: PTH112  # as above
                yield name
            elif not argument.endswith("**"):  # what is below it has been found as well
                yield from _walk(name)
    else:
        raise InputError(f"There is no file or folder {argument}.")


def _walk(folder: str) -> Iterator[str]:
    # What begins with a dot is hidden from people too. A folder that may not be read is an error, not an empty one.
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield os.path.join(parent, name)  # noqa: PTH118  # as above


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error
