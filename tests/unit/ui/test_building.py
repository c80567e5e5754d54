"""What is done to the built page, and when it counts as built."""

import pytest

from reflex_frontend import building
from reflex_frontend.building import BAKED_URL, use_own_origin


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_baked_address_becomes_the_pages_own_origin(quote: str) -> None:
    """Whatever quotes the bundler chose; the scheme of the WebSocket follows the page's."""
    script = f"var e={{PING:{quote}{BAKED_URL}/ping{quote},EVENT:{quote}ws://argus.invalid/_event{quote},A:1}};"
    changed = use_own_origin(script)
    assert "argus.invalid" not in changed
    assert 'location.origin+"/ping"' in changed
    assert 'location.origin.replace(/^http/,"ws")+"/_event"' in changed
    assert changed.endswith(",A:1};")


def test_a_script_without_an_address_stays_as_it_is() -> None:
    """To the letter."""
    assert use_own_origin("let a = 'http://elsewhere.example/x'") == "let a = 'http://elsewhere.example/x'"


def test_the_fingerprint_is_that_of_the_sources() -> None:
    """The same twice, and the folder of compiled Python counts for nothing."""
    assert building.fingerprint() == building.fingerprint()
    assert not [path for path in building._sources() if "__pycache__" in path.parts]
