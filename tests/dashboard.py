"""The shipped dashboard, alerts and documentation of the metrics, read as tests want them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD = GRAFANA / "dashboards" / "argus.json"
DOCUMENT = ROOT / "docs" / "metrics.md"

_ROW = re.compile(r"^\| `(argus_\w+)` \| (\w+) \|([^|]*)\|([^|]*)\|([^|]+)\|$", re.MULTILINE)
_SUFFIXES = re.compile(r"_(bucket|count|sum)$")


def read_dashboard() -> dict[str, Any]:
    """The JSON that Grafana loads."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def list_queries() -> list[tuple[str, str]]:
    """Each panel's title and each query in it, with the dashboard's variables as they are."""
    panels = read_dashboard()["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())]


def fill_in(query: str, *, window: str) -> str:
    """The query as Grafana sends it with all jobs and instances chosen."""
    filled = query.replace("$__rate_interval", window).replace("$job", ".*").replace("$instance", ".*")
    assert "$" not in filled, f"{filled} has a variable that the dashboard lacks"
    return filled


def list_alerts() -> Iterator[dict[str, Any]]:
    """The rules, in the file's order."""
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]:
        yield from group["rules"]


def find_metrics(text: str) -> set[str]:
    """Names of Argus's metrics in a query or a text, a histogram's without what its series add to it."""
    return {_SUFFIXES.sub("", name) for name in re.findall(r"\bargus_\w+", text)}


def list_documented() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Type, labels and unit of every metric in the table of docs/metrics.md, by name."""
    return {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)), unit.strip())
        for name, kind, labels, unit, _ in _ROW.findall(DOCUMENT.read_text())
    }
