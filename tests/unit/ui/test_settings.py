"""What the operator of the UI may set."""

import pytest

from reflex_frontend.settings import MIB, Settings, read


def test_the_defaults_are_safe_and_local() -> None:
    """Nothing set: loopback, ten megabytes, no other origin."""
    assert read({}) == Settings()
    assert read({}).service_url == "http://127.0.0.1:8000"
    assert read({}).max_upload_bytes == 10 * MIB
    assert read({}).allowed_origins == ()


def test_each_variable_is_read_with_its_type() -> None:
    """Numbers as numbers, lists as lists, a trailing slash dropped."""
    settings = read(
        {
            "ARGUS_SERVICE_URL": "https://argus.example/",
            "ARGUS_UI_ANSWER_TIMEOUT_S": "2.5",
            "ARGUS_UI_MAX_UPLOAD_BYTES": "1000",
            "ARGUS_UI_ALLOWED_ORIGINS": "https://a.example/, https://b.example",
            "ARGUS_UI_PENDING_BYTES": " ",
        }
    )
    assert settings.service_url == "https://argus.example"
    assert settings.answer_timeout_s == 2.5
    assert settings.max_upload_bytes == 1000
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.pending_bytes == Settings().pending_bytes


def test_people_are_shown_the_public_address_where_there_is_one() -> None:
    """And otherwise the one that this server uses."""
    assert read({"ARGUS_SERVICE_URL": "http://serve:8000"}).shown_service_url == "http://serve:8000"
    both = {"ARGUS_SERVICE_URL": "http://serve:8000", "ARGUS_UI_PUBLIC_SERVICE_URL": "https://argus.example/"}
    assert read(both).shown_service_url == "https://argus.example"
    assert read(both).service_url == "http://serve:8000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARGUS_UI_PUBLIC_SERVICE_URL", "argus.example"),
        ("ARGUS_SERVICE_URL", "127.0.0.1:8000"),
        ("ARGUS_UI_MAX_UPLOAD_BYTES", "10 MB"),
        ("ARGUS_UI_ANSWER_TIMEOUT_S", "0"),
        ("ARGUS_UI_PROBE_INTERVAL_S", "-1"),
        ("ARGUS_UI_PROBE_INTERVAL_S", "nan"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    """The message says which variable."""
    with pytest.raises(ValueError, match=name):
        read({name: value})


@pytest.mark.parametrize(
    ("service_url", "allowed", "may"),
    [
        ("http://127.0.0.1:8000", "", True),
        ("http://localhost:8000", "0", True),
        ("http://[::1]:8000", "", True),
        ("http://10.0.0.7:8000", "", False),
        ("http://localhost.example:8000", "", False),
        ("http://serve:8000", "0", False),
        ("http://serve:8000", "1", True),
    ],
)
def test_load_may_be_sent_to_this_machine_or_where_it_is_allowed(service_url: str, allowed: str, may: bool) -> None:
    """A name that only looks like loopback is another machine."""
    assert read({"ARGUS_SERVICE_URL": service_url, "ARGUS_UI_ALLOW_LOAD": allowed}).may_send_load is may


def test_a_switch_is_one_or_zero() -> None:
    """Anything else is refused by name."""
    with pytest.raises(ValueError, match="ARGUS_UI_ALLOW_LOAD"):
        read({"ARGUS_UI_ALLOW_LOAD": "yes"})
