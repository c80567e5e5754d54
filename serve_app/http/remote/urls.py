"""A url as text -> its parts, or why it is not fetched. The first step of an image that is named by address.

Stricter than the standards: programs that read a host differently are how checks of addresses are got round, so a url
that could be read in two ways is refused. Looks nothing up and connects to nothing.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin

from serve_app.errors import UrlNotFetched
from serve_app.settings import RemoteImageSettings

REFUSED = "This address may not be fetched, or nothing answers there. Check it, or send the image itself."
"""What is said of every address that is not public and of every host that does not answer: the same, so that nobody
learns from it what there is in the network around the service."""

_MOST_CHARACTERS = 2048
_DEFAULT_PORTS = {"https": 443, "http": 80}
# The host ends at the first of / ? #; a backslash, which browsers take for a slash, is in none of it.
_URL = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[1-9][0-9]{0,4}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What some programs take for a number in an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names of RFC 6762, 6761, 8375, 7686 and ICANN's .internal: of this machine, its network, or no network at all.
_RESERVED_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".onion")


@dataclass(frozen=True, slots=True)
class RemoteUrl:
    """The parts of a url that may be asked for.

    host: a name in lower-case ASCII, or an IP address without brackets. target: path and query as they are sent.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The url again, without its fragment."""
        return f"{self.scheme}://{self.host_header}{self.target}"


def parse_url(text: str, settings: RemoteImageSettings) -> RemoteUrl:
    """The parts of a url. Raises UrlNotFetched when it is not one that these settings allow."""
    found = _URL.fullmatch(text) if len(text) <= _MOST_CHARACTERS else None
    schemes = ("https", "http") if settings.allow_http else ("https",)
    if found is None or found["scheme"].lower() not in schemes:
        starts = " or ".join(f"{scheme}://" for scheme in schemes)
        raise UrlNotFetched(f"The url must begin with {starts} and have at most {_MOST_CHARACTERS} characters.")
    if not _is_plain(text):
        raise UrlNotFetched("The url must be ASCII, other characters and spaces percent-encoded, with no backslash.")
    if "@" in found["authority"]:
        raise UrlNotFetched("The url has a user name or password before its host. Send one without.")
    authority = _AUTHORITY.fullmatch(found["authority"])
    if authority is None:
        raise _refuse_host()
    scheme, host = found["scheme"].lower(), _check_host(authority["host"].lower())
    port = int(authority["port"] or _DEFAULT_PORTS[scheme])
    if port != _DEFAULT_PORTS[scheme] and port not in settings.allowed_ports:
        raise UrlNotFetched("The url has a port that this service does not fetch from. Leave it out.")
    _check_lists(host, settings.allowed_hosts)
    return RemoteUrl(scheme, host, port, (found["path"] or "/") + (found["query"] or ""))


def follow_redirect(url: RemoteUrl, location: bytes, settings: RemoteImageSettings) -> RemoteUrl:
    """Where a redirect leads. Raises UrlNotFetched, in words that say nothing of where that is."""
    text = location.decode("latin-1")
    try:
        if _is_plain(text):  # before it is joined: urljoin drops characters, and what is left could be something else
            return parse_url(urljoin(url.text, text), settings)
    except (UrlNotFetched, ValueError):  # ValueError: brackets that enclose no address
        pass
    raise UrlNotFetched(REFUSED)


def _is_plain(text: str) -> bool:
    return "\\" not in text and all("!" <= character <= "~" for character in text)


def _check_host(host: str) -> str:
    """The host, without the brackets of an IPv6 address. Raises UrlNotFetched for what could be read in two ways."""
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise _refuse_host() from None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):  # no top-level domain is a number: it is an IPv4 address or means to be one
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise _refuse_host() from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refuse_host()
    return host


def _check_lists(host: str, allowed: tuple[str, ...]) -> None:
    """Raises UrlNotFetched for a host that is not on the list, and without a list for a name of no public kind."""
    if allowed:
        if host not in allowed and not any(one.startswith("*.") and host.endswith(one[1:]) for one in allowed):
            raise UrlNotFetched("This service fetches images from certain hosts only, and the url's is none of them.")
    elif ":" not in host and ("." not in host or host.endswith(_RESERVED_SUFFIXES)):
        raise UrlNotFetched(REFUSED)


def _refuse_host() -> UrlNotFetched:
    return UrlNotFetched(
        "The url's host must be a plain name, without a dot at its end, or an IP address in its usual form."
    )
