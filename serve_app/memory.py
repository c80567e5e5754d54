"""Memory that a replica needed while it loaded its models, given back to the system."""

import ctypes
import mmap
from collections.abc import Collection, Iterator
from pathlib import Path

_MAPS = Path("/proc/self/maps")


def return_memory(folders: Collection[Path] = ()) -> None:
    """Give back what glibc keeps of freed memory, and the pages of files in those folders that are mapped to be read.

    A runtime keeps a model's weights in an order of its own and leaves the file mapped that they came from. The
    mappings stay: a page that is wanted after all is read again. Does nothing on systems without these calls.
    """
    libc = ctypes.CDLL(None)
    if (trim := getattr(libc, "malloc_trim", None)) is not None:
        trim(0)
    advice = getattr(mmap, "MADV_DONTNEED", None)
    if advice is not None:
        for start, size in _read_only_mappings([folder.resolve() for folder in folders]):
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), advice)


def _read_only_mappings(folders: Collection[Path]) -> Iterator[tuple[int, int]]:
    """Address and size, in bytes. What may be written to is left out: pages that were changed would lose the change."""
    try:
        lines = _MAPS.read_text(errors="replace").splitlines() if folders else []
    except OSError:  # not on Linux
        return
    for line in lines:
        addresses, access, *_, path = (*line.split(maxsplit=5), "")[:6]
        if access.startswith("r--") and any(Path(path).is_relative_to(folder) for folder in folders):
            start, end = (int(address, 16) for address in addresses.split("-"))
            yield start, end - start
