"""The dashboard, the alerts and the documentation speak of metrics that exist, and of all of them."""

from itertools import combinations
from typing import Any

import pytest
import yaml

from serve_app.exposition import FAMILIES
from tests.dashboard import (
    DOCUMENT,
    GRAFANA,
    PROMETHEUS,
    ROOT,
    fill_in,
    find_metrics,
    list_alerts,
    list_documented,
    list_queries,
    read_dashboard,
)

NAMES = {family.name for family in FAMILIES}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_dashboard()["panels"]
    return found


def test_every_metric_is_documented_as_it_is() -> None:
    """Name, type and labels, in the exposition's order; a time's unit is the second."""
    documented = list_documented()
    assert list(documented) == [family.name for family in FAMILIES]
    for family in FAMILIES:
        kind, labels, unit = documented[family.name]
        assert (kind, labels) == (family.kind, family.labels), family.name
        assert (unit == "seconds") == ("_seconds" in family.name), family.name


def test_the_documentation_names_no_other_metric() -> None:
    """Prose and examples included."""
    assert find_metrics(DOCUMENT.read_text()) == NAMES


def test_the_dashboard_shows_metrics_that_exist_and_all_of_them() -> None:
    """A metric that nobody can look at is not worth counting."""
    assert {name for _, query in list_queries() for name in find_metrics(query)} == NAMES


def test_the_alerts_watch_metrics_that_exist() -> None:
    """Expressions and advice alike."""
    text = (PROMETHEUS / "alerts.yml").read_text()
    assert find_metrics(text) <= NAMES


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    """Its name, how bad it is, a summary of one sentence, and advice."""
    alerts = list(list_alerts())
    assert len({alert["alert"] for alert in alerts}) == len(alerts) == 7
    for alert in alerts:
        assert alert["alert"].startswith("Argus")
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert alert["for"]
        assert alert["annotations"]["summary"].endswith(".")
        assert len(alert["annotations"]["action"].split()) > 10, alert["alert"]


def test_every_panel_says_what_it_shows() -> None:
    """A title of its own, a sentence, a unit, and the data source that is chosen above."""
    shown = [panel for panel in panels() if panel["type"] != "row"]
    assert len({panel["title"] for panel in shown}) == len(shown)
    for panel in shown:
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_panels_have_a_place_of_their_own() -> None:
    """Unique ids; none over another or over the edge; every row is filled."""
    every = panels()
    assert len({panel["id"] for panel in every}) == len(every)
    places = [(panel["title"], panel["gridPos"]) for panel in every]
    for title, place in places:
        assert place["x"] >= 0, title
        assert place["x"] + place["w"] <= 24, title
    for (title, a), (other, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{title} is over {other}"
    rows = {place["y"] for _, place in places}
    for y in rows:
        assert sum(place["w"] for _, place in places if place["y"] == y) == 24, y


def test_queries_know_their_variables() -> None:
    """Every one is bound to the jobs and instances that are chosen, and rates to Grafana's own window."""
    variables = {variable["name"] for variable in read_dashboard()["templating"]["list"]}
    assert variables == {"datasource", "job", "instance"}
    for title, query in list_queries():
        assert query.count("{") == query.count('job=~"$job",instance=~"$instance"'), title
        assert query.count("rate(") == query.count("[$__rate_interval]"), title
        fill_in(query, window="1m")


def test_grafana_finds_what_it_is_given() -> None:
    """The dashboard's first data source and the folder that the provider reads are those of compose."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/argus.yml").read_text())["providers"]
    (chosen,) = (one for one in read_dashboard()["templating"]["list"] if one["type"] == "datasource")
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    assert chosen["current"]["value"] == source["uid"]
    assert source["url"] == "http://prometheus:9090"
    mounts = dict(mount.split(":")[:2] for mount in services["grafana"]["volumes"])
    assert provider["options"]["path"] == mounts["./grafana/dashboards"]
    for mount in (*mounts, *(volume.split(":")[0] for volume in services["prometheus"]["volumes"])):
        assert not mount.startswith("./") or (ROOT / "deploy" / mount).is_dir(), mount


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_watches_the_service_is_optional_and_on_loopback(name: str) -> None:
    """It starts with its profile alone, and its port is this machine's."""
    service = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"][name]
    assert service["profiles"] == ["metrics"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_scrape_interval_is_the_one_that_the_dashboard_counts_on() -> None:
    """Grafana's window for rates is four of them; with another one a panel would have holes."""
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["jsonData"]["timeInterval"] == configuration["global"]["scrape_interval"]
