"""Which urls are taken apart, and which are refused for what they look like."""

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.errors import UrlNotFetched
from serve_app.http.remote.urls import REFUSED, RemoteUrl, follow_redirect, parse_url
from serve_app.settings import RemoteImageSettings

DEFAULT = RemoteImageSettings(enabled=True)
LENIENT = RemoteImageSettings(enabled=True, allow_http=True, allowed_ports=(8080,))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://images.example/cat.jpg", RemoteUrl("https", "images.example", 443, "/cat.jpg")),
        ("HTTPS://Images.Example", RemoteUrl("https", "images.example", 443, "/")),
        ("https://images.example:443/a?b=c#d", RemoteUrl("https", "images.example", 443, "/a?b=c")),
        ("https://images.example?b=c/d", RemoteUrl("https", "images.example", 443, "/?b=c/d")),
        ("https://xn--bcher-kva.example/%C3%A9", RemoteUrl("https", "xn--bcher-kva.example", 443, "/%C3%A9")),
        ("https://1.1.1.1/", RemoteUrl("https", "1.1.1.1", 443, "/")),
        ("https://[2606:4700::1111]/", RemoteUrl("https", "2606:4700::1111", 443, "/")),
        ("https://my_bucket.images.example/@me", RemoteUrl("https", "my_bucket.images.example", 443, "/@me")),
        ("http://images.example:8080/", RemoteUrl("http", "images.example", 8080, "/")),
        ("http://images.example/", RemoteUrl("http", "images.example", 80, "/")),
    ],
)
def test_a_plain_url_is_taken_apart(text: str, url: RemoteUrl) -> None:
    """The host in lower case, the port always, the fragment never."""
    assert parse_url(text, LENIENT) == url


@pytest.mark.parametrize(
    ("url", "header"),
    [
        (RemoteUrl("https", "a.example", 443, "/"), "a.example"),
        (RemoteUrl("http", "a.example", 80, "/"), "a.example"),
        (RemoteUrl("http", "a.example", 443, "/"), "a.example:443"),
        (RemoteUrl("https", "2606:4700::1111", 8443, "/"), "[2606:4700::1111]:8443"),
    ],
)
def test_the_host_header_is_the_url_s(url: RemoteUrl, header: str) -> None:
    """With brackets around IPv6, and the port only where it is not the scheme's."""
    assert url.host_header == header


SCHEMES = [
    "http://images.example/",
    "file:///etc/passwd",
    "file://images.example/etc/passwd",
    "ftp://images.example/a",
    "gopher://images.example:443/_GET",
    "dict://images.example/",
    "ldap://images.example/",
    "jar:https://images.example!/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "https:/images.example/",
    "https:images.example",
    "//images.example/",
    "images.example",
    "",
    " https://images.example/",
    "url:https://images.example/",
    "https://images.example/" + "a" * 2048,
]
USERS = ["https://me@images.example/", "https://me:pass@images.example/", "https://images.example@127.0.0.1/"]
HOSTS = [
    "https:///a",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.01/",
    "https://1.2.3.4.5/",
    "https://256.1.1.1/",
    "https://images.1/",
    "https://images.0x/",
    "https://127.0.0.1./",
    "https://images.example./",
    "https://.images.example/",
    "https://images..example/",
    "https://-images.example/",
    "https://images.example:443:80/",
    "https://images.example:/",
    "https://images.example:0443/",
    "https://images.example:-1/",
    "https://images.example:x/",
    "https://[::1%25lo]/",
    "https://[::1%lo]/",
    "https://[::1/",
    "https://::1/",
    "https://[127.0.0.1]/",
    "https://[::1]x/",
    "https://%31%32%37.0.0.1/",
    "https://a" + ".aaaaaaaaa" * 26 + "/",
]
CHARACTERS = [
    "https://images.example\\@127.0.0.1/",
    "https://images.example\\.evil.example/",
    "https://127。0。0。1/",
    "https://１２７.0.0.1/",
    "https://bücher.example/",
    "https://ⓛocalhost.example/",
    "https://images.example/é",
    "https://images.example/a b",
    "https://images.example/a\r\nHost: b",
    "https://images.example/\x00",
    "https://images.exa\tmple/",
    "https://images.example/\x7f",
]
PORTS = ["https://images.example:22/", "https://images.example:80/", "https://images.example:65536/"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "must begin with https://") for text in SCHEMES),
        *((text, "user name or password") for text in USERS),
        *((text, "must be a plain name") for text in HOSTS),
        *((text, "must be ASCII") for text in CHARACTERS),
        *((text, "port") for text in PORTS),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str, reason: str) -> None:
    """With a reason that is of the text alone."""
    with pytest.raises(UrlNotFetched, match=reason):
        parse_url(text, DEFAULT)


@pytest.mark.parametrize("host", ["localhost", "redis", "a.localhost", "printer.local", "metadata.google.internal"])
def test_a_name_of_this_network_is_refused_like_a_private_address(host: str) -> None:
    """Nobody learns whether there is such a host."""
    with pytest.raises(UrlNotFetched) as caught:
        parse_url(f"https://{host}/", DEFAULT)
    assert caught.value.detail == REFUSED


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("images.example", True),
        ("IMAGES.example", True),
        ("a.cdn.example", True),
        ("a.b.cdn.example", True),
        ("store", True),
        ("[2606:4700::1111]", True),
        ("cdn.example", False),
        ("evilcdn.example", False),
        ("images.example.evil.example", False),
        ("a.images.example", False),
        ("other.example", False),
        ("localhost", False),
    ],
)
def test_a_list_of_hosts_leaves_no_other(host: str, allowed: bool) -> None:
    """Exact names, names below a name, addresses, and names without a dot where the operator lists them."""
    hosts = ("Images.example", "*.cdn.example", "store", "2606:4700::1111")
    settings = RemoteImageSettings(enabled=True, allowed_hosts=hosts)
    if allowed:
        assert parse_url(f"https://{host}/", settings).host == host.lower().strip("[]")
    else:
        with pytest.raises(UrlNotFetched, match="certain hosts only"):
            parse_url(f"https://{host}/", settings)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (b"/b", "https://images.example/b"),
        (b"b?c", "https://images.example/a/b?c"),
        (b"?c", "https://images.example/a/?c"),
        (b"//cdn.example/b", "https://cdn.example/b"),
        (b"https://cdn.example/b#c", "https://cdn.example/b"),
    ],
)
def test_a_redirect_is_followed_as_it_is_written(location: bytes, text: str) -> None:
    """Relative to where it came from, or to another host."""
    assert follow_redirect(RemoteUrl("https", "images.example", 443, "/a/"), location, DEFAULT).text == text


@pytest.mark.parametrize(
    "location",
    [b"http://cdn.example/", b"file:///etc/passwd", b"//localhost/", b"https://a@b.example/", b"https://[", b"\xff"],
)
def test_a_redirect_to_what_is_refused_says_nothing_of_it(location: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(UrlNotFetched) as caught:
        follow_redirect(RemoteUrl("https", "images.example", 443, "/"), location, DEFAULT)
    assert caught.value.detail == REFUSED


PIECES = st.sampled_from(
    ["https", "http", ":", "/", "//", "@", "\\", "#", "?", "[", "]", "%", ".", "127.0.0.1", "0x7f", "localhost", "::1"]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map(lambda parts: "https://" + "".join(parts)),
)


@given(TEXTS)
def test_any_text_is_a_safe_url_or_refused(text: str) -> None:
    """A host that is accepted is an address in its usual form or a name that no program takes for one."""
    try:
        url = parse_url(text, DEFAULT)
    except UrlNotFetched:
        return
    assert (url.scheme, url.port) == ("https", 443)
    assert url.target.startswith("/")
    assert all("!" <= character <= "~" for character in url.target)
    try:
        assert str(ipaddress.ip_address(url.host)) == url.host
    except ValueError:
        assert set(url.host) <= set(string.ascii_lowercase + string.digits + ".-_")
        assert not url.host.rsplit(".", 1)[-1].isdigit()
        assert "." in url.host
    assert parse_url(url.text, DEFAULT) == url


@given(st.binary(max_size=60))
def test_any_location_is_a_safe_url_or_refused(location: bytes) -> None:
    """A stranger's server writes it."""
    try:
        url = follow_redirect(RemoteUrl("https", "images.example", 443, "/"), location, DEFAULT)
    except UrlNotFetched:
        return
    assert parse_url(url.text, DEFAULT) == url
