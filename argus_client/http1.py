"""Bytes <-> HTTP/1.1 messages: one request's head, one response as it arrives. No input or output.

What RFC 9112 asks of a client, and no more: any response is read to its end, whichever way that is marked; one that
breaks the rules is an error and never a guess. Why this is here beside httpx: see `wire`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

_MOST_HEAD_BYTES = 2**16
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_DIGITS = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class NotHttp(Exception):
    """What came is no HTTP/1.1 response."""


class Response(NamedTuple):
    """A complete one; headers: names in lower case; keeps: whether its connection may carry another request."""

    status: int
    headers: dict[str, str]
    body: bytes
    keeps: bool


def encode_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request. Raises ValueError for a value that would be read as something else."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join(lines)
    if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1 or "\0" in head:
        raise ValueError("a header may not hold a line's end")
    return f"{head}\r\n\r\n".encode("latin-1")


@dataclass(frozen=True, slots=True)
class _Head:
    version: int
    status: int
    headers: dict[str, str]

    @property
    def is_interim(self) -> bool:
        return 100 <= self.status < 200

    @property
    def is_chunked(self) -> bool:
        return "transfer-encoding" in self.headers

    @property
    def length(self) -> int | None:
        """Bytes of the body; None: chunked, or up to the connection's end."""
        if self.status in {204, 304}:
            return 0
        if self.is_chunked or "content-length" not in self.headers:
            return None
        return int(self.headers["content-length"])

    @property
    def keeps(self) -> bool:
        says = {word.strip().lower() for word in self.headers.get("connection", "").split(",")}
        return "close" not in says and (self.version == 1 or "keep-alive" in says)


class ResponseReader:
    """Reads one response; has_begun: whether any byte of it came."""

    def __init__(self) -> None:
        self.has_begun = False
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._length: int | None = None
        self._chunks: list[bytes] = []

    def feed(self, data: bytes) -> Response | None:
        """Take what arrived; the response when that completes it. Raises NotHttp."""
        self.has_begun = True
        self._buffer += data
        if self._head is None and not self._take_head():
            return None
        if self._head is not None and self._head.is_chunked:
            return self._take_chunks(self._head)
        if self._head is None or self._length is None or len(self._buffer) < self._length:
            return None
        return self._finish(self._head, self._take(self._length))

    def end(self) -> Response | None:
        """The connection has ended; the response when that completes it."""
        if self._head is None or self._head.is_chunked or self._length is not None:
            return None
        head, body = self._head, self._take(len(self._buffer))
        return Response(head.status, head.headers, body, keeps=False)

    def _take_head(self) -> bool:
        while (end := self._buffer.find(b"\r\n\r\n", 0, _MOST_HEAD_BYTES)) >= 0:
            head = _read_head(self._take(end + 4)[:-4])
            if not head.is_interim:
                self._head, self._length = head, head.length
                return True
        if len(self._buffer) >= _MOST_HEAD_BYTES:
            raise NotHttp("the head of the answer does not end")
        return False

    def _take_chunks(self, head: _Head) -> Response | None:
        while (end := self._buffer.find(b"\r\n", 0, 1024)) >= 0:
            found = _CHUNK_SIZE.fullmatch(bytes(self._buffer[:end]))
            if found is None:
                raise NotHttp("a chunk of the answer has no size")
            size = int(found[1], 16)
            if size == 0:
                return self._take_trailers(head, end)
            if len(self._buffer) < end + 2 + size + 2:
                return None
            chunk = self._take(end + 2 + size + 2)
            if not chunk.endswith(b"\r\n"):
                raise NotHttp("a chunk of the answer is longer than it says")
            self._chunks.append(chunk[end + 2 : -2])
        if len(self._buffer) >= 1024:
            raise NotHttp("a chunk of the answer has no size")
        return None

    def _take_trailers(self, head: _Head, start: int) -> Response | None:
        # The empty line ends them; without trailers it follows the last chunk's own line at once.
        end = self._buffer.find(b"\r\n\r\n", start)
        if end < 0:
            if len(self._buffer) >= _MOST_HEAD_BYTES:
                raise NotHttp("the answer does not end")
            return None
        self._take(end + 4)
        return self._finish(head, b"".join(self._chunks))

    def _finish(self, head: _Head, body: bytes) -> Response:
        # More than one answer to one request: whatever it is, the next request must not take it for its own.
        return Response(head.status, head.headers, body, head.keeps and not self._buffer)

    def _take(self, count: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken


def _read_head(data: bytes) -> _Head:
    first, *lines = data.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        raise NotHttp("the answer does not begin as HTTP/1.1 does")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise NotHttp("a header of the answer cannot be read")
        name, value = header[1].decode("ascii").lower(), header[2].decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    lengths = {length.strip() for length in headers.get("content-length", "0").split(",")}
    if len(lengths) > 1 or not all(map(_DIGITS.fullmatch, lengths)):
        raise NotHttp("the answer has no clear length")
    if "content-length" in headers:
        headers["content-length"] = lengths.pop()
    if headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise NotHttp("the answer has an encoding that nobody asked for")
    return _Head(int(status[1]), int(status[2]), headers)
