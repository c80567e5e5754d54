"""What the operator of the gRPC server may set."""

from dataclasses import fields
from pathlib import Path

import pytest

from serve_app.grpc.options import Options, read_options

DOCUMENT = Path(__file__).parents[3] / "docs" / "open-inference-grpc.md"


def test_arguments_come_before_the_environment() -> None:
    """And the environment before the default; an empty variable counts as not set."""
    environ = {"ARGUS_GRPC_PORT": "9001", "ARGUS_GRPC_ANSWER_TIMEOUT_S": "1.5", "ARGUS_GRPC_HOST": ""}
    options = read_options({"port": 9002, "host": None}, environ)
    assert options == Options(port=9002, answer_timeout_s=1.5)


def test_it_listens_on_loopback_unless_told_otherwise() -> None:
    """Defaults are safe."""
    assert Options().address == "127.0.0.1:8001"
    assert Options(host="::1").address == "[::1]:8001"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"port": 0}, "from 1 to 65535"),
        ({"service_url": "127.0.0.1:8000"}, "needs the form"),
        ({"max_calls": 0}, "max_calls is above 0"),
        ({"max_message_bytes": 2**30}, "above max_pending_bytes"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], said: str) -> None:
    """A wrong value is found at start, with what is wrong with it."""
    with pytest.raises(ValueError, match=said):
        read_options(given, {})


def test_a_variable_that_is_no_number_is_named() -> None:
    """The operator learns which one."""
    with pytest.raises(ValueError, match="ARGUS_GRPC_PORT is a number, not 'high'"):
        read_options({}, {"ARGUS_GRPC_PORT": "high"})


def test_every_option_is_documented() -> None:
    """The document names each variable and its default."""
    text = DOCUMENT.read_text()
    for option in fields(Options):
        assert f"`{option.metadata['env']}`" in text
