"""Image file -> body of a request: a small file as its bytes, a large one piece by piece while it is sent.

Knows files and nothing of HTTP, except that a length is announced before the first byte.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

STREAMED_FROM_BYTES = 2**20
PIECE_BYTES = 2**18


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file that is read while it is sent, anew for each attempt; size: bytes, as announced to the service."""

    path: Path
    size: int

    def read(self) -> Iterator[bytes]:
        """Its bytes, for a client that may block. Raises OSError, also when the file has become shorter."""
        left = self.size
        with self.path.open("rb") as file:
            while left:
                piece = self._check(file.read(min(PIECE_BYTES, left)))
                left -= len(piece)
                yield piece

    async def read_aside(self) -> AsyncIterator[bytes]:
        """Its bytes, read in a thread; raises OSError as `read` does."""
        left = self.size
        file = await asyncio.to_thread(self.path.open, "rb")
        try:
            while left:
                piece = self._check(await asyncio.to_thread(file.read, min(PIECE_BYTES, left)))
                left -= len(piece)
                yield piece
        finally:
            file.close()

    def _check(self, piece: bytes) -> bytes:
        if not piece:
            raise OSError(f"{self.path} became shorter while it was sent.")
        return piece


def read_file(path: str | Path, *, streamed: bool) -> bytes | FileBody:
    """A file's bytes, or, where it is large and may be streamed, how to read it later; OSError when it cannot be read.

    What has no size before it was read (a pipe, a device) is read whole.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # twice as fast as through a Path, for each image
        size = os.fstat(file.fileno()).st_size
        if streamed and size >= STREAMED_FROM_BYTES:
            return FileBody(Path(path), size)
        return file.readall()
