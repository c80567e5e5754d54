"""Names looked up by the system's own means."""

import pytest

from serve_app.http.remote.lookups import SystemLookup


async def test_a_name_has_addresses_each_once() -> None:
    """This machine's name for itself is one that needs no name server."""
    found = await SystemLookup(1)("localhost", 443)
    assert found
    assert all(address.is_loopback for address in found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example"])
async def test_what_is_no_name_has_none(name: str) -> None:
    """Whether the system or Python refuses it; callers foresee both."""
    with pytest.raises((OSError, ValueError)):
        await SystemLookup(1)(name, 443)
