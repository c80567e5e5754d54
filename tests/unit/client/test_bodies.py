"""Large files: read while they are sent, with their length announced, and anew for another attempt."""

import asyncio
from pathlib import Path

import pytest

from argus_client import AsyncArgusClient, PayloadTooLarge
from argus_client.bodies import PIECE_BYTES, STREAMED_FROM_BYTES, FileBody, read_file
from tests.unit.client.raw_server import GOOD, Visit, encode, serve
from tests.unit.client.service import ITEM, Service, classified, problem


def test_a_small_file_is_its_bytes_and_a_large_one_a_way_to_read_it(tmp_path: Path) -> None:
    """Unless it may not be streamed."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(bytes(STREAMED_FROM_BYTES - 1))
    large.write_bytes(bytes(STREAMED_FROM_BYTES))
    assert read_file(small, streamed=True) == small.read_bytes()
    assert read_file(large, streamed=True) == FileBody(large, STREAMED_FROM_BYTES)
    assert read_file(large, streamed=False) == large.read_bytes()


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    """No more of it than a piece is in memory at a time, and no more than was announced is read."""
    file = tmp_path / "large"
    file.write_bytes(b"x" * (3 * PIECE_BYTES + 5))
    assert [len(piece) for piece in FileBody(file, 2 * PIECE_BYTES + 1).read()] == [PIECE_BYTES, PIECE_BYTES, 1]


def test_the_blocking_client_announces_the_length_and_reads_again(tmp_path: Path) -> None:
    """Through httpx: no chunked body, which some gateways refuse, and a second attempt sends all of it."""
    file = tmp_path / "large.png"
    file.write_bytes(bytes(range(256)) * (STREAMED_FROM_BYTES // 256))
    service = Service(problem(503, "not_ready", **{"Retry-After": "0"}), classified(ITEM))
    with service.client() as client:
        assert client.classify(file).filename == "large.png"
    assert [request.content for request in service.requests] == [file.read_bytes()] * 2
    assert all(request.headers["content-length"] == str(STREAMED_FROM_BYTES) for request in service.requests)
    assert all("transfer-encoding" not in request.headers for request in service.requests)


def test_the_blocking_client_does_not_send_half_a_file(tmp_path: Path) -> None:
    """One that becomes shorter is an error of the file."""
    file = tmp_path / "large.png"
    file.write_bytes(bytes(STREAMED_FROM_BYTES))
    body = FileBody(file, STREAMED_FROM_BYTES + 1)
    with pytest.raises(OSError, match="became shorter"):
        list(body.read())


async def test_a_large_file_is_read_while_it_is_sent(tmp_path: Path) -> None:
    """Its length is announced; the service gets every byte; another attempt reads the file again."""
    file = tmp_path / "large.png"
    file.write_bytes(bytes(range(256)) * (STREAMED_FROM_BYTES // 256 + 1))
    replies = [encode(problem(503, "not_ready"), "Retry-After: 0"), GOOD]

    async def answer_in_turn(visit: Visit) -> None:
        while await visit.read() is not None:
            visit.writer.write(replies.pop(0))

    async with serve(answer_in_turn) as server, AsyncArgusClient(server.url) as client:
        assert (await client.classify(file)).filename == "large.png"
    assert server.bodies == [file.read_bytes()] * 2
    assert all("transfer-encoding" not in head.lower() for head in server.heads)


async def test_an_answer_before_the_end_of_a_large_file_counts(tmp_path: Path) -> None:
    """A service that has seen enough says so, and the rest of the file is not sent."""
    file = tmp_path / "large.png"
    file.write_bytes(bytes(64 * STREAMED_FROM_BYTES))
    left = asyncio.Event()

    async def refuse_at_once(visit: Visit) -> None:
        await visit.read_head()
        visit.writer.write(encode(problem(413, "payload_too_large")))
        while await visit.reader.read(2**16):
            pass
        left.set()

    async with serve(refuse_at_once) as server, AsyncArgusClient(server.url) as client:
        with pytest.raises(PayloadTooLarge):
            await client.classify(file)
        await left.wait()
    assert len(server.visits) == 1


async def test_a_file_that_becomes_shorter_is_an_error_of_the_file(tmp_path: Path) -> None:
    """Half a photo is not sent as if it were whole."""
    file = tmp_path / "shrinking.png"
    file.write_bytes(bytes(64 * STREAMED_FROM_BYTES))

    async def shorten(visit: Visit) -> None:
        await visit.read_head()
        file.write_bytes(b"short")
        while await visit.reader.read(2**16):
            pass

    async with serve(shorten) as server, AsyncArgusClient(server.url) as client:
        with pytest.raises(OSError, match="became shorter"):
            await client.classify(file)
