"""Which IP addresses may be connected to: public ones, and those that the settings name.

The tables are IANA's special-purpose registries (RFC 6890 and its updates), written out because Python's own differ
from version to version. An address that carries another one in it counts as not public, but for NAT64, which is how
networks without IPv4 reach it. Knows nothing of names and urls.
"""

import ipaddress
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import psutil

from serve_app.settings import RemoteImageSettings

IPAddress = IPv4Address | IPv6Address

NOT_PUBLIC_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared, behind carrier-grade NAT; one cloud's metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # one cloud's own services, on an address that looks public
            "169.254.0.0/16",  # link-local, with the metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; one cloud's metadata
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT relays
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# All else is loopback, mapped or compatible IPv4, unique local, link-local, multicast or not assigned.
PUBLIC_IPV6 = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID and others
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address in it
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
# The one prefix of RFC 6052 whose IPv4 addresses are the internet's; 64:ff9b:1::/48 is each network's own.
NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet alone."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_IPV4)
    if address in NAT64:
        return is_public(find_embedded(address))
    return address in PUBLIC_IPV6 and not any(address in network for network in NOT_PUBLIC_IPV6)


def find_embedded(address: IPv6Address) -> IPv4Address:
    """The IPv4 address in the last 32 bits, where NAT64 has it."""
    return IPv4Address(int(address) & 0xFFFF_FFFF)


def find_own_addresses() -> frozenset[IPAddress]:
    """The addresses of this machine: what listens there may be meant for nobody outside, public address or not."""
    named = (one.address.partition("%")[0] for every in psutil.net_if_addrs().values() for one in every)
    return frozenset(ipaddress.ip_address(text) for text in named if _is_address(text))


class AddressPolicy:
    """The addresses that the settings allow. own_addresses: of this machine; it is asked each time, as they change."""

    def __init__(
        self, settings: RemoteImageSettings, *, own_addresses: Callable[[], frozenset[IPAddress]] = find_own_addresses
    ) -> None:
        self._allowed = settings.allowed_networks
        self._refused = settings.refused_networks
        self._own_addresses = own_addresses

    def permits(self, address: IPAddress) -> bool:
        """Whether a connection may be made to this address."""
        if any(address in network for network in self._refused):
            return False
        if any(address in network for network in self._allowed):
            return True
        if isinstance(address, IPv6Address) and address in NAT64:
            return self.permits(find_embedded(address))
        return is_public(address) and address not in self._own_addresses()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:  # an interface's hardware address
        return False
    return True
