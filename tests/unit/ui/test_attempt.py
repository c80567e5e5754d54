"""One request as it went and came back."""

from collections.abc import Callable

import httpx

from reflex_frontend.attempt import MOST_BODY_BYTES, Attempt, Header, open_line, send_photo

PHOTO = b"\xff\xd8 a photo"


async def attempt(answer: Callable[[httpx.Request], httpx.Response]) -> Attempt:
    async with open_line("http://argus.test/vision/", httpx.MockTransport(answer)) as line:
        return await send_photo(line, "/v1/classify?top_k=3", PHOTO, timeout_s=5)


async def test_the_photo_goes_out_once_as_it_is_and_the_answer_comes_back_as_it_was() -> None:
    """Path, query, type and bytes; status, headers and body."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        headers = {
            "Content-Type": "application/json",
            "X-Request-ID": "r-1",
            "Server-Timing": "total;dur=9",
            "X-A": "b",
        }
        return httpx.Response(200, content=b'{"results":[]}', headers={**headers, "X-Other": "no"})

    result = await attempt(answer)
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", "http://argus.test/vision/v1/classify?top_k=3")
    assert request.headers["Content-Type"] == "image/jpeg"
    assert request.content == PHOTO
    assert (result.status, result.reason, result.body, result.size_bytes) == (200, "OK", '{"results":[]}', 14)
    assert result.headers == (
        Header("Content-Type", "application/json"),
        Header("Server-Timing", "total;dur=9"),
        Header("X-Request-ID", "r-1"),
    )
    assert result.total_ms > 0
    assert result.failure == ""


async def test_a_refusal_is_an_answer_and_is_not_repeated() -> None:
    """With its Retry-After, for a person to see."""
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(429, json={"code": "overloaded"}, headers={"Retry-After": "7"})

    result = await attempt(answer)
    assert (result.status, asked) == (429, 1)
    assert Header("Retry-After", "7") in result.headers


async def test_no_answer_says_why() -> None:
    """Nothing there, or nothing in time."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def dawdle(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    assert (await attempt(refuse)).failure == "unreachable"
    assert (await attempt(dawdle)).failure == "late"


async def test_a_huge_answer_is_cut() -> None:
    """Something else may answer at the address; the page shows its beginning."""
    result = await attempt(lambda _: httpx.Response(200, content=b"x" * (3 * MOST_BODY_BYTES)))
    assert len(result.body) == MOST_BODY_BYTES
