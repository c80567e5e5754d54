"""Addresses that no request may make the service connect to, whatever way they are written, resolved or led to.

Traps on loopback are what an attacker would like to reach. Their ports and http are allowed, and the way to them is a
real one, so that nothing but the check of addresses keeps a request from them; that they can be reached where the
settings allow it is tested too.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from serve_app.http.app import create_app
from serve_app.http.remote.images import make_fetcher
from serve_app.settings import Settings
from tests.fakes import make_repository
from tests.integration.test_http_classify import RED, labels
from tests.remote import PUBLIC, Host, Names, Network, answering, open_host, redirecting

REFUSED = "This address may not be fetched, or nothing answers there. Check it, or send the image itself."


@dataclass
class Trap:
    """A service with traps around it. port: of the traps, on both loopback addresses."""

    client: httpx.AsyncClient
    network: Network
    hosts: list[Host]
    port: int

    async def ask(self, url: str) -> dict[str, Any]:
        """The problem of a request for this url, {port} being the traps'."""
        answer = await self.client.post("/v1/classify", json={"url": url.replace("{port}", str(self.port))})
        assert answer.status_code == 422, answer.text
        problem: dict[str, Any] = answer.json()
        assert problem["code"] == "url_not_fetched"
        return problem

    @property
    def connections(self) -> int:
        """Connections to any of the traps."""
        return sum(host.connections for host in self.hosts)


@asynccontextmanager
async def open_trap(names: Names, *, public: int = 0, **remote: Any) -> AsyncIterator[Trap]:
    """public: the port of a host on loopback that stands for a public one."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_host(answering(RED)))
        second = await stack.enter_async_context(open_host(answering(RED), address="::1", port=first.port))
        network = Network({PUBLIC: public} if public else {})
        settings = Settings.model_validate(
            {
                "remote_images": {
                    "enabled": True,
                    "allow_http": True,
                    "allowed_ports": [first.port, 80, 443],
                    **remote,
                }
            }
        )
        fetcher = make_fetcher(settings, lookup=names, dial=network.dial)
        app = create_app(make_repository(settings), settings, fetcher=fetcher)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://argus"))
        yield Trap(client, network, [first, second], first.port)


LITERALS = [
    "127.0.0.1:{port}",
    "127.0.0.1:{port}.",
    "127.1:{port}",
    "127.0.1:{port}",
    "127.255.255.254:{port}",
    "2130706433:{port}",
    "02130706433:{port}",
    "0x7f000001:{port}",
    "0x7f.1:{port}",
    "0x7f.0x0.0x0.0x1:{port}",
    "0177.0.0.1:{port}",
    "00000177.1:{port}",
    "0:{port}",
    "0.0.0.0:{port}",
    "0.0.0.0.:{port}",
    "localhost:{port}",
    "LOCALHOST:{port}",
    "localhost.:{port}",
    "localhost.localdomain:{port}",
    "a.localhost:{port}",
    "ip6-localhost:{port}",
    "[::1]:{port}",
    "[::]:{port}",
    "[0:0:0:0:0:0:0:1]:{port}",
    "[::127.0.0.1]:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "[::ffff:7f00:1]:{port}",
    "[::ffff:0:127.0.0.1]:{port}",
    "[2002:7f00:1::]:{port}",
    "[2001:0:7f00:1::80ff:fffe]:{port}",
    "[64:ff9b::127.0.0.1]:{port}",
    "[64:ff9b::7f00:1]:{port}",
    "[64:ff9b:1::127.0.0.1]:{port}",
    "[fe80::1%25lo]:{port}",
    "[::1%25lo]:{port}",
    "[fe80::1]:{port}",
    "[fc00::1]:{port}",
    "[fd00:ec2::254]:80",
    "[ff02::1]:{port}",
    "10.0.0.1:{port}",
    "172.16.0.1:{port}",
    "192.168.1.1:{port}",
    "100.64.0.1:{port}",
    "100.100.100.200:80",
    "169.254.169.254:80",
    "[::ffff:169.254.169.254]:80",
    "[64:ff9b::a9fe:a9fe]:80",
    "169.254.170.2:80",
    "168.63.129.16:80",
    "192.0.0.192:80",
    "192.0.2.1:{port}",
    "198.18.0.1:{port}",
    "224.0.0.1:{port}",
    "255.255.255.255:{port}",
    "240.0.0.1:{port}",
    "\u0031\u0032\u0037\u3002\u0030\u3002\u0030\u3002\u0031:{port}",
    "\uff11\uff12\uff17.0.0.1:{port}",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{port}",
    "%31%32%37.0.0.1:{port}",
    "127.0.0.1%00.images.example:{port}",
    "127.0.0.1%23@images.example:{port}",
    "images.example@127.0.0.1:{port}",
    "images.example:80@127.0.0.1:{port}",
    "127.0.0.1:{port}@images.example",
    "127.0.0.1:{port}\\@images.example",
    "images.example\\@127.0.0.1:{port}",
    "127.0.0.1:{port}#@images.example",
    "127.0.0.1:{port}?@images.example",
    "127.0.0.1:{port}:80",
    "127.0.0.1 images.example:{port}",
    "127.0.0.1\t:{port}",
    "127.0.0.1:22",
    "127.0.0.1:0",
    "127.0.0.1:+{port}",
    "[::1]{port}",
    "[127.0.0.1]:{port}",
]
SCHEMES = [
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET%20/",
    "dict://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "unix:///var/run/docker.sock",
    "http:127.0.0.1:{port}",
    "http:/127.0.0.1:{port}",
    "http:///127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "url:http://127.0.0.1:{port}",
]
RESOLVED = {
    "loopback": ["127.0.0.1"],
    "loopback of IPv6": ["::1"],
    "unspecified": ["0.0.0.0"],  # noqa: S104  # an address to refuse
    "mapped": ["::ffff:127.0.0.1"],
    "6to4": ["2002:7f00:1::"],
    "Teredo": ["2001:0:7f00:1::80ff:fffe"],
    "NAT64": ["64:ff9b::7f00:1"],
    "private": ["10.0.0.1"],
    "metadata": ["169.254.169.254"],
    "unique local": ["fd00:ec2::254"],
    "one of several, the last": [PUBLIC, "127.0.0.1"],
    "one of several, the first": ["127.0.0.1", PUBLIC],
    "one of two families": [PUBLIC, "::1"],
}


def spell_out() -> Iterator[str]:
    yield from SCHEMES
    for scheme in ("http", "https"):
        for literal in LITERALS:
            yield f"{scheme}://{literal}/latest/meta-data/"


async def test_no_spelling_of_an_inner_address_is_connected_to() -> None:
    """Decimal, octal, hex, short, mapped, translated, full-width, behind user names, and in other schemes."""
    # Whatever the service would look up is answered with what an attacker wants.
    names = Names(localhost=["127.0.0.1"], localhost__localdomain=["127.0.0.1"], images__example=["127.0.0.1"])
    urls = list(spell_out())
    assert len(urls) >= 25
    async with open_trap(names) as trap:
        for url in urls:
            await trap.ask(url)
            assert (trap.network.dialled, trap.connections) == ([], 0), url
        assert set(names.asked) == {"localhost.localdomain"}


@pytest.mark.parametrize("answer", RESOLVED.values(), ids=RESOLVED)
async def test_no_name_of_an_inner_address_is_connected_to(answer: list[str]) -> None:
    """What a name means is judged after it was looked up, and all of what it means."""
    names = Names(images__example=answer)
    async with open_trap(names) as trap:
        problem = await trap.ask("http://images.example:{port}/")
        assert (trap.network.dialled, trap.connections, names.asked) == ([], 0, ["images.example"])
        assert problem["detail"] == REFUSED


async def test_no_redirect_leads_inside() -> None:
    """From a host that may be fetched from, to every address of the table."""
    names = Names(images__example=[PUBLIC], localhost=["127.0.0.1"], localhost__localdomain=["127.0.0.1"])
    location = ""

    async def respond(head: str, writer: Any) -> None:
        await redirecting(location)(head, writer)

    async with open_host(respond) as public, open_trap(names, public=public.port) as trap:
        for url in spell_out():
            location = url.replace("{port}", str(trap.port))
            trap.network.dialled.clear()
            await trap.ask("http://images.example/")
            assert (set(trap.network.dialled), trap.connections) == ({PUBLIC}, 0), url


async def test_no_chain_of_redirects_leads_inside() -> None:
    """The last of many is judged like the first."""
    paths = {"/": "/1", "/1": "http://other.example/2", "/2": "http://inner.example/3"}

    async def respond(head: str, writer: Any) -> None:
        await redirecting(paths[head.split(" ")[1]])(head, writer)

    names = Names(images__example=[PUBLIC], other__example=[PUBLIC], inner__example=["127.0.0.1"])
    async with open_host(respond) as public, open_trap(names, public=public.port) as trap:
        problem = await trap.ask("http://images.example/")
        assert trap.network.dialled == [PUBLIC] * 3
        assert trap.connections == 0
        assert problem["detail"] == REFUSED


async def test_a_name_that_changes_after_it_was_checked_changes_nothing() -> None:
    """It is looked up once, and the connection is made to what was checked."""
    names = Names(images__example=[[PUBLIC], ["127.0.0.1"]])
    async with open_host(answering(RED)) as public, open_trap(names, public=public.port) as trap:
        answer = await trap.client.post("/v1/classify", json={"url": "http://images.example/"})
        assert labels(answer) == ["red"]
        assert (names.asked, trap.network.dialled, trap.connections) == (["images.example"], [PUBLIC], 0)


async def test_a_name_that_changes_between_redirects_is_checked_again() -> None:
    """The same name, now with an inner address."""
    names = Names(images__example=[[PUBLIC], ["127.0.0.1"]])
    async with (
        open_host(redirecting("http://images.example/")) as public,
        open_trap(names, public=public.port) as trap,
    ):
        problem = await trap.ask("http://images.example/")
        assert (trap.network.dialled, trap.connections) == ([PUBLIC], 0)
        assert problem["detail"] == REFUSED


async def test_an_inner_address_a_missing_name_and_a_silent_host_are_told_of_alike() -> None:
    """So nobody learns from the answer what there is inside, or on which port."""
    names = Names(inner__example=["10.0.0.1"], own__example=["127.0.0.1"], dead__example=["1.1.1.1"])
    urls = ["http://inner.example/", "http://own.example:{port}/", "http://own.example:443/", "http://dead.example/"]
    urls += ["http://nowhere.example/", "http://127.0.0.1:{port}/", "http://localhost/", "http://redis/"]
    async with open_trap(names) as trap:
        problems = [await trap.ask(url) for url in urls]
        assert trap.connections == 0
    assert {problem["detail"] for problem in problems} == {REFUSED}


async def test_only_https_is_fetched_by_default() -> None:
    """On the first address and after a redirect."""
    names = Names(images__example=[PUBLIC])
    async with open_trap(names, allow_http=False) as trap:
        problem = await trap.ask("http://images.example/")
        assert "must begin with https://" in problem["detail"]
        assert (trap.network.dialled, names.asked) == ([], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_the_traps_can_be_reached_where_the_settings_say_so(host: str) -> None:
    """So the tests above see that they were not."""
    async with open_trap(Names(), allowed_networks=["127.0.0.0/8", "::1/128"]) as trap:
        answer = await trap.client.post("/v1/classify", json={"url": f"http://{host}:{trap.port}/"})
        assert labels(answer) == ["red"]
        assert trap.connections == 1
