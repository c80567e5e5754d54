"""What `serve run` is given."""

import re
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from serve_app.cli.configuration import ConfigurationError, address, make_environment, read_configuration

SHIPPED = Path(__file__).parents[3] / "serve_config.yaml"


def test_the_shipped_file_is_passed_on_as_it_is(tmp_path: Path) -> None:
    """Without other addresses, `serve run` reads the very file that the operator edits."""
    configuration = read_configuration(SHIPPED, host=None, port=None)
    assert configuration.write(tmp_path) == SHIPPED
    assert configuration.url == "http://127.0.0.1:8000"
    assert len(configuration.arguments) == 1


def test_another_address_goes_into_a_copy(tmp_path: Path) -> None:
    """Host and port of the command replace those of the file; everything else stays, and so does the file."""
    before = SHIPPED.read_text()
    configuration = read_configuration(SHIPPED, host="0.0.0.0", port=8123)  # noqa: S104 - nothing listens
    written = configuration.write(tmp_path)
    document = yaml.safe_load(written.read_text())
    assert (document["http_options"]["host"], document["http_options"]["port"]) == ("0.0.0.0", 8123)  # noqa: S104  # read, not bound
    assert document["applications"] == yaml.safe_load(before)["applications"]
    assert SHIPPED.read_text() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [("applications: [", "not valid YAML"), ("- a list", "names no applications"), ("{}", "names no applications")],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    """A mistake in the file is told in a sentence that names the file."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_configuration(path, host=None, port=None)
    assert str(path) in str(caught.value)


def test_a_missing_file_names_the_option(tmp_path: Path) -> None:
    """A start from another folder says how the file is named."""
    with pytest.raises(ConfigurationError, match="--config"):
        read_configuration(tmp_path / "nowhere.yaml", host=None, port=None)


def test_a_file_without_a_host_stays_on_this_machine(tmp_path: Path) -> None:
    """Ray's default of all interfaces is not ours."""
    path = tmp_path / "mine.yaml"
    path.write_text("applications: [{name: a, import_path: 'm:a'}]")
    configuration = read_configuration(path, host=None, port=None)
    assert configuration.host == "127.0.0.1"
    assert yaml.safe_load(configuration.write(tmp_path).read_text())["http_options"]["host"] == "127.0.0.1"


def test_the_environment_cannot_call_home_or_join_another_cluster(tmp_path: Path) -> None:
    """Whatever the shell holds, statistics are off and the cluster is this start's own; tuning is the operator's."""
    inherited = {"RAY_ADDRESS": "ray://elsewhere", "RAY_USAGE_STATS_ENABLED": "1", "RAY_SERVE_HAPROXY_NBTHREAD": "7"}
    environment = make_environment(inherited, read_configuration(SHIPPED, host=None, port=None), tmp_path)
    assert (environment["RAY_ADDRESS"], environment["RAY_USAGE_STATS_ENABLED"]) == ("local", "0")
    assert environment["RAY_SERVE_HAPROXY_NBTHREAD"] == "7"


def test_ports_beside_the_service_avoid_each_other_and_what_is_busy(tmp_path: Path) -> None:
    """HAProxy's own ports and the fallback's are free ones, all different, even where the service takes a default."""
    configuration = read_configuration(SHIPPED, host=None, port=8404)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        environment = make_environment({}, configuration, tmp_path)
        ports = {
            int(environment[name])
            for name in (
                "RAY_SERVE_HAPROXY_STATS_PORT",
                "RAY_SERVE_HAPROXY_METRICS_PORT",
                "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT",
            )
        }
        assert len(ports | {8404, busy.getsockname()[1]}) == 5


def test_haproxys_own_pages_stay_on_this_machine(tmp_path: Path) -> None:
    """Ray binds HAProxy's statistics and metrics to all interfaces; the binary it is given narrows them."""
    loopback = read_configuration(SHIPPED, host="127.0.0.1", port=None)
    script = Path(make_environment({}, loopback, tmp_path)["RAY_SERVE_HAPROXY_BINARY_PATH"])
    config = tmp_path / "haproxy.cfg"
    config.write_text("frontend a\n    bind :9101\nlisten b\n  bind *:8404\nfrontend c\n    bind 10.0.0.1:8000\n")
    shown = script.with_name("shown")
    shown.write_text(re.sub(r"^exec .*$", 'exec echo "$@"', script.read_text(), flags=re.MULTILINE))
    shown.chmod(0o700)
    answer = subprocess.run(
        [str(shown), "-db", "-f", str(config), "-sf", "7"], check=True, capture_output=True, text=True
    )
    assert answer.stdout.split() == ["-db", "-f", str(config), "-sf", "7"]
    assert re.findall(r"bind (\S+)", config.read_text()) == ["127.0.0.1:9101", "127.0.0.1:8404", "10.0.0.1:8000"]


def test_a_service_for_all_machines_keeps_haproxys_pages_reachable(tmp_path: Path) -> None:
    """Where the service is meant to be reached from outside, so are the metrics that a monitor collects."""
    everywhere = read_configuration(SHIPPED, host="0.0.0.0", port=None)  # noqa: S104 - nothing listens
    assert "RAY_SERVE_HAPROXY_BINARY_PATH" not in make_environment({}, everywhere, tmp_path)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),  # noqa: S104 - nothing listens
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
        ("localhost", "http://localhost:1"),
    ],
)
def test_an_address_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    """What is printed can be opened, also when the server listens on all interfaces."""
    assert address(host, 1) == url
