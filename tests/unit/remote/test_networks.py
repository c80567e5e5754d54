"""Which addresses may be connected to."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.http.remote.networks import (
    NOT_PUBLIC_IPV4,
    AddressPolicy,
    IPAddress,
    find_own_addresses,
    is_public,
)
from serve_app.settings import RemoteImageSettings


def make_policy(own: IPAddress | None = None, **settings: Any) -> AddressPolicy:
    return AddressPolicy(
        RemoteImageSettings.model_validate(settings), own_addresses=lambda: frozenset([own] if own else [])
    )


PUBLIC = """
    1.1.1.1 93.184.215.14 172.15.255.255 172.32.0.0 100.63.255.255 100.128.0.0 169.253.255.255 198.17.255.255 198.20.0.0
    223.255.255.255 2606:4700::1111 2a00:1450:4001:81b::200e 64:ff9b::101:101
"""
SPECIAL = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.9.9.9 168.63.129.16 169.254.169.254
    169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255
    198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:1.1.1.1 ::ffff:0:127.0.0.1 fe80::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1
    100::1 2001::1 2001:0:4136:e378:: 2001:2::1 2001:db8::1 2002:7f00:1:: 2002:101:101::1 2620:4f:8000::1 3fff::1
    4000::1 5f00::1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::7f00:1 64:ff9b:1::101:101
"""


@pytest.mark.parametrize("text", PUBLIC.split())
def test_a_public_address_may_be_reached(text: str) -> None:
    """Those next to the networks of the table too, and IPv4 through NAT64."""
    assert make_policy().permits(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", SPECIAL.split())
def test_any_other_address_may_not(text: str) -> None:
    """Special ones of either kind, and those that carry an IPv4 address in them."""
    assert not make_policy().permits(ipaddress.ip_address(text))


def test_this_machine_s_own_address_may_not_be_reached() -> None:
    """What listens there may trust whoever comes from here, however public the address."""
    policy = make_policy(ipaddress.ip_address("93.184.215.14"))
    assert not policy.permits(ipaddress.ip_address("93.184.215.14"))
    assert not policy.permits(ipaddress.ip_address("64:ff9b::5db8:d70e"))
    assert policy.permits(ipaddress.ip_address("93.184.215.15"))


def test_the_addresses_of_this_machine_are_known() -> None:
    """Loopback is one, hardware addresses are none."""
    assert ipaddress.ip_address("127.0.0.1") in find_own_addresses()


def test_an_allowed_network_may_be_reached_and_a_refused_one_never() -> None:
    """The second has the last word; neither says anything of other networks."""
    policy = make_policy(allowed_networks=["10.1.0.0/16", "fd00::/16"], refused_networks=["10.1.2.0/24", "1.1.1.0/24"])
    answers = {
        text: policy.permits(ipaddress.ip_address(text))
        for text in ("10.1.1.1", "10.1.2.1", "10.2.0.1", "1.1.1.1", "1.1.2.1", "fd00::1", "fd01::1", "64:ff9b::101:101")
    }
    assert [text for text, permitted in answers.items() if permitted] == ["10.1.1.1", "1.1.2.1", "fd00::1"]


@given(st.ip_addresses())
def test_what_python_calls_special_is_never_public(address: IPAddress) -> None:
    """Its tables are older in some versions, and never wider than ours."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address) or address in ipaddress.ip_network("64:ff9b::/96")


@given(st.sampled_from(NOT_PUBLIC_IPV4).flatmap(lambda network: st.ip_addresses(network=network)))
def test_a_special_ipv4_address_is_refused_in_every_wrapping(address: Any) -> None:
    """Plain, mapped, compatible, translated, 6to4, Teredo, and through NAT64 of either prefix."""
    value = int(IPv4Address(address))
    wrapped = [
        IPv6Address(0xFFFF << 32 | value),
        IPv6Address(value),
        IPv6Address(0xFFFF << 48 | value),
        IPv6Address(0x2002 << 112 | value << 80 | 1),
        IPv6Address(0x2001 << 112 | (value ^ 0xFFFF_FFFF)),
        IPv6Address(0x64FF9B << 96 | value),
        IPv6Address(0x64FF9B << 96 | 1 << 80 | value),
    ]
    assert not any(map(make_policy().permits, [address, *wrapped]))
