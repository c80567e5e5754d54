"""Bodies in gzip and deflate: requests are unpacked within the limits of plain ones, answers packed when asked for.

A few compressed kilobytes can hold gigabytes, so what comes out is counted piece by piece, and no piece is larger than
_PIECE_BYTES.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from serve_app.errors import MalformedRequest, UnsupportedMediaType
from serve_app.http.context import BodyBudget

# How zlib is told the form: gzip's header, or its own, which HTTP calls deflate.
_FORMS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_OFFERED = ("gzip", "deflate")
_PIECE_BYTES = 2**20
# The quickest of zlib's nine: scores are floats, which hardly become smaller with more effort.
_LEVEL = 1
# A larger answer is packed in a thread.
_LARGE_BYTES = 2**16


@asynccontextmanager
async def read_plain_body(request: Request, budget: BodyBudget) -> AsyncIterator[bytes]:
    """The body as it was before its Content-Encoding; the budget holds its bytes until the end of the block.

    Raises UnsupportedMediaType for an encoding that is not offered, MalformedRequest for a damaged body, and what the
    budget raises.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding == "identity":
        yield await request.body()
        return
    if coding not in _FORMS:
        raise UnsupportedMediaType(f"The Content-Encoding {coding!r} is not accepted. Send {' or '.join(_OFFERED)}.")
    held = 0
    try:
        pieces: list[bytes] = []
        async for piece in _decompress(request, coding):
            held += len(piece)
            budget.pending_bytes += len(piece)
            budget.check(held)
            pieces.append(piece)
        yield b"".join(pieces)
    finally:
        budget.pending_bytes -= held


async def _decompress(request: Request, coding: str) -> AsyncIterator[bytes]:
    decompressor = zlib.decompressobj(_FORMS[coding])
    try:
        async for chunk in request.stream():
            rest = chunk
            while rest:
                yield await asyncio.to_thread(decompressor.decompress, rest, _PIECE_BYTES)
                rest = decompressor.unconsumed_tail
        while not decompressor.eof and (piece := decompressor.decompress(b"", _PIECE_BYTES)):
            yield piece
    except zlib.error:
        raise MalformedRequest(f"The body is not {coding}, as its Content-Encoding says.") from None
    if not decompressor.eof or decompressor.unused_data:
        raise MalformedRequest(f"The {coding} body is cut short, or goes on behind its end.")


def choose_coding(accepted: str) -> str | None:
    """The encoding of an answer that an Accept-Encoding allows, gzip before deflate where it likes both; None: none."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _read_weight(parameter.strip())
    best = max(_OFFERED, key=lambda name: weights.get(name, 0.0))
    return best if weights.get(best, 0.0) > 0 else None


async def compress(body: bytes, coding: str) -> bytes:
    """The body in that encoding, one that `choose_coding` gave."""
    if len(body) > _LARGE_BYTES:
        return await asyncio.to_thread(_compress, body, coding)
    return _compress(body, coding)


def _compress(body: bytes, coding: str) -> bytes:
    compressor = zlib.compressobj(_LEVEL, wbits=_FORMS[coding])
    return compressor.compress(body) + compressor.flush()


def _read_weight(parameter: str) -> float:
    if not parameter.startswith("q="):
        return 1.0
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0
