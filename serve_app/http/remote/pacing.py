"""A connection that brings an answer in pieces of bounded work, so that no host can hold up the event loop.

What a host sends costs time by the number of its parts and not of its bytes: thousands of one-byte chunks or of interim
answers are read in one go where nothing stops them, and whoever sends a photo meanwhile waits. Here each read brings
little, the head of an answer is bounded, and `count_piece` bounds the parts of its body.
"""

import asyncio
from typing import Any

import httpcore

# Of an answer's head and the interim answers before it. Each of these begins with the mark, and few are ever sent.
_MOST_HEAD_BYTES = 64 * 2**10
_HEAD_MARK, _MOST_HEAD_MARKS = b"HTTP/", 16
_HEAD_READ_BYTES = 4 * 2**10
_BODY_READ_BYTES = 16 * 2**10
# So many parts of a body are free; any more must have this many bytes on average, far below what honest hosts send.
_FREE_PIECES = 256
_LEAST_PIECE_BYTES = 256


class PacedStream(httpcore.AsyncNetworkStream):
    """See the module. Raises httpcore.RemoteProtocolError for an answer of too many parts."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._head_bytes = self._head_marks = 0
        self._in_head = True
        self._pieces = self._body_bytes = 0

    def end_head(self) -> None:
        """The head of the answer is there."""
        self._in_head = False

    async def count_piece(self, size: int) -> None:
        """Count a part of the body, and let others have their turn."""
        self._pieces += 1
        self._body_bytes += size
        if self._pieces > _FREE_PIECES + self._body_bytes // _LEAST_PIECE_BYTES:
            raise httpcore.RemoteProtocolError("a body of too many parts")
        await asyncio.sleep(0)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # as in its base
        """Read a little."""
        data = await self._stream.read(min(max_bytes, _HEAD_READ_BYTES if self._in_head else _BODY_READ_BYTES), timeout)
        if self._in_head:
            self._head_bytes += len(data)
            self._head_marks += data.count(_HEAD_MARK)
            if self._head_bytes > _MOST_HEAD_BYTES or self._head_marks > _MOST_HEAD_MARKS:
                raise httpcore.RemoteProtocolError("a head of too many parts")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as in its base
        """Write all of it."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """What the connection says of itself."""
        return self._stream.get_extra_info(info)
