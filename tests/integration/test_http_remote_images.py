"""Images by address through the whole application, from real servers on loopback."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve_app.errors import SetupError
from serve_app.http.app import create_app
from serve_app.http.remote.connections import dial_tcp, trust_certificates
from serve_app.http.remote.images import make_fetcher
from serve_app.settings import AccessSettings, ApiKey, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.integration.conftest import open_service
from tests.integration.fetching import NAMES, ask, fetching_from, open_fetching
from tests.integration.test_http_classify import BLUE, RED, labels
from tests.integration.test_http_errors import assert_problem
from tests.remote import PUBLIC, Authority, Names, Network, answering, open_host, redirecting


async def test_it_is_off_until_it_is_switched_on(client: httpx.AsyncClient) -> None:
    """The error says how; the request's other images are answered."""
    answer = await client.post("/v1/classify", json={"url": "https://images.example/"})
    await assert_problem(client, answer, 422, "url_not_fetched")
    assert "remote_images.enabled: true" in answer.json()["detail"]
    assert labels(await ask(client, {"url": "https://a.example/"}, base64.b64encode(RED).decode())) == [
        "url_not_fetched",
        "red",
    ]


async def test_an_image_is_fetched_through_tls(tmp_path: Path) -> None:
    """From the name's address, with the name's certificate; nothing of the client's goes there."""
    authority = Authority(tmp_path)
    names = Names(images__example=[PUBLIC])
    async with open_host(answering(RED), tls=authority.certify("images.example")) as host:
        network = Network({PUBLIC: host.port})
        async with open_fetching(network, names=names, ca_file=authority.file) as client:
            client.headers.update({"Authorization": "Bearer secret", "Cookie": "a=b", "X-Request-ID": "r-1"})
            answer = await client.post("/v1/classify", json={"url": "https://images.example/red.png?size=1#top"})
    assert labels(answer) == ["red"]
    assert answer.json()["results"][0]["filename"] is None
    assert answer.headers["Server-Timing"].startswith("fetch;dur=")
    assert (names.asked, network.dialled) == (["images.example"], [PUBLIC])
    (head,) = host.heads
    assert head.splitlines() == [
        "GET /red.png?size=1 HTTP/1.1",
        "Host: images.example",
        "User-Agent: argus",
        "Accept: image/*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
    ]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_loopback_is_fetched_from_where_the_settings_say_so(tmp_path: Path, name: str) -> None:
    """With nothing pretended: the system's look-up, and a connection to a server with a certificate of that name."""
    authority = Authority(tmp_path)
    async with open_host(answering(BLUE), tls=authority.certify(name)) as host:
        remote = {
            "enabled": True,
            "allowed_networks": ["127.0.0.0/8", "::1/128"],
            "allowed_ports": [host.port],
            "allowed_hosts": [name],
            "ca_file": authority.file,
        }
        async with open_service(settings=Settings.model_validate({"remote_images": remote})) as client:
            assert labels(await ask(client, {"url": f"https://{name}:{host.port}/"})) == ["blue"]


async def test_links_and_base64_are_answered_in_order() -> None:
    """A bad one of any kind is its own problem."""

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        paths = {"/red": RED, "/blue": BLUE, "/text": b"<html>not an image</html>", "/empty": b""}
        await answering(paths[head.split(" ")[1]])(head, writer)

    async with fetching_from(respond) as (client, _):
        answer = await ask(
            client,
            {"url": "http://images.example/red"},
            base64.b64encode(BLUE).decode(),
            {"url": "http://images.example/text"},
            {"url": "http://nowhere.example/"},
            "***",
            {"url": "http://other.example/blue"},
            {"url": "http://images.example/empty"},
            {"url": "gopher://images.example/"},
        )
    assert labels(answer) == [
        *("red", "blue", "unsupported_media_type", "url_not_fetched"),
        *("malformed_request", "blue", "malformed_request", "url_not_fetched"),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"images": [{"url": 1}]},
        {"images": [{"url": "https://a.example/", "headers": {}}]},
        {"images": [{}]},
        {"images": {"url": "https://a.example/"}},
        {"url": ["https://a.example/"]},
        {"url": "https://a.example/", "images": 1},
        {"images": []},
        {"uri": "https://a.example/"},
    ],
)
async def test_any_other_form_is_malformed(document: Any) -> None:
    """The whole request, as there is no telling what was meant."""
    async with open_fetching(Network()) as client:
        answer = await client.post("/v1/classify", json=document)
        await assert_problem(client, answer, 400, "malformed_request")


async def test_redirects_are_followed_as_far_as_they_may() -> None:
    """Relative and absolute ones, of every status, each looked up again."""
    hops = iter([redirecting("/b", "301 Moved"), redirecting("http://other.example/c", "307 Temporary")])

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        await next(hops, answering(RED))(head, writer)

    names = Names(images__example=[PUBLIC], other__example=[PUBLIC])
    async with fetching_from(respond, names=names, max_redirects=2) as (client, host):
        assert labels(await ask(client, {"url": "http://images.example/a"})) == ["red"]
    assert [head.splitlines()[:2] for head in host.heads] == [
        ["GET /a HTTP/1.1", "Host: images.example"],
        ["GET /b HTTP/1.1", "Host: images.example"],
        ["GET /c HTTP/1.1", "Host: other.example"],
    ]
    assert names.asked == ["images.example", "images.example", "other.example"]


@pytest.mark.parametrize("certified", ["other.example", "127.0.0.1", PUBLIC])
async def test_a_certificate_of_another_name_is_refused(tmp_path: Path, certified: str) -> None:
    """That the address was checked does not make up for it."""
    authority = Authority(tmp_path)
    async with (
        open_host(answering(RED), tls=authority.certify(certified)) as host,
        open_fetching(Network({PUBLIC: host.port}), ca_file=authority.file) as client,
    ):
        answer = await ask(client, {"url": "https://images.example/"})
        assert "no certificate that can be trusted" in answer.json()["detail"]
    assert host.heads == []


async def test_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    """Certificates are checked without a setting for it."""
    async with (
        open_host(answering(RED), tls=Authority(tmp_path).certify("images.example")) as host,
        open_fetching(Network({PUBLIC: host.port})) as client,
    ):
        answer = await ask(client, {"url": "https://images.example/"})
        assert "no certificate that can be trusted" in answer.json()["detail"]
    assert host.heads == []


async def test_the_environment_s_proxies_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One could be inside, and would resolve names by itself."""
    async with open_host(answering(BLUE)) as proxy, fetching_from(answering(RED)) as (client, _):
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert labels(await ask(client, {"url": "http://images.example/"})) == ["red"]
    assert proxy.connections == 0


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    """A host may have one that is out of order, or that this network does not reach."""
    async with open_host(answering(RED)) as host:
        network = Network({PUBLIC: host.port})
        names = Names(images__example=["2606:4700::1111", "1.1.1.1", PUBLIC])
        async with open_fetching(network, names=names, allow_http=True) as client:
            assert labels(await ask(client, {"url": "http://images.example/"})) == ["red"]
        assert network.dialled == ["2606:4700::1111", "1.1.1.1", PUBLIC]


async def test_who_may_not_ask_has_nothing_fetched() -> None:
    """Keys, the number of images and readiness come first."""
    names = Names(images__example=[PUBLIC])
    settings = Settings.model_validate(
        {
            "remote_images": {"enabled": True},
            "limits": {"max_images": 1},
            "access": AccessSettings(api_keys=(ApiKey(client="a", sha256="0" * 64),)),
        }
    )
    for access, links, status in ((settings.access, 1, 401), (AccessSettings(), 2, 413), (AccessSettings(), 1, 503)):
        narrowed = settings.model_copy(update={"access": access})
        repository = make_repository(narrowed)
        if status == 503:
            repository.close()
        app = create_app(repository, narrowed, fetcher=make_fetcher(narrowed, lookup=names, dial=Network().dial))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
            answer = await ask(client, *[{"url": "https://images.example/"}] * links)
        assert answer.status_code == status
    assert names.asked == []


async def test_the_deadline_is_that_of_fetching_and_classifying_together() -> None:
    """An answer that comes too late is not waited for, and its place in the queue is free again."""
    runtime = ColorRuntime()
    settings = Settings.model_validate(
        {"remote_images": {"enabled": True, "allow_http": True, "timeout_s": 0.5}, "overload": {"deadline_s": 1}}
    )
    async with open_host(answering(RED)) as host:
        fetcher = make_fetcher(settings, lookup=NAMES, dial=Network({PUBLIC: host.port}).dial)
        repository = make_repository(settings, colors=runtime)
        app = create_app(repository, settings, fetcher=fetcher)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://argus") as client:
            runtime.go.clear()
            answer = await ask(client, {"url": "http://images.example/"})
            runtime.go.set()
            await assert_problem(client, answer, 504, "deadline_exceeded")


def test_a_file_of_authorities_that_is_none_is_told_of_at_start(tmp_path: Path) -> None:
    """By the setting's name, whether it is missing or something else."""
    (tmp_path / "photo.pem").write_bytes(RED)
    for file in (tmp_path / "missing.pem", tmp_path / "photo.pem"):
        with pytest.raises(SetupError, match=r"remote_images\.ca_file"):
            trust_certificates(file)


def test_the_real_way_out_is_a_plain_connection() -> None:
    """What tests stand in for is what the service uses."""
    assert make_fetcher.__kwdefaults__ == {"lookup": None, "dial": dial_tcp}
