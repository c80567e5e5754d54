"""What Prometheus's own tool says of the shipped files and of the exposition."""

import subprocess
from pathlib import Path

import httpx
import pytest

from tests.dashboard import PROMETHEUS, list_alerts
from tests.prometheus import require_prometheus

CASES = Path(__file__).with_name("alerts_test.yml")

pytestmark = pytest.mark.timeout(300)


def run_promtool(*arguments: str, text: str = "") -> str:
    command = [str(require_prometheus().tool), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_scrape_configuration_is_valid() -> None:
    """With the alerts that it names."""
    assert f"{len(list(list_alerts()))} rules found" in run_promtool(
        "check", "config", str(PROMETHEUS / "prometheus.yml")
    )


def test_the_alerts_are_valid() -> None:
    """Each expression and each template."""
    run_promtool("check", "rules", str(PROMETHEUS / "alerts.yml"))


def test_alerts_come_when_they_should_and_only_then() -> None:
    """Each has a case where it comes; a healthy service has none."""
    run_promtool("test", "rules", str(CASES))
    cases = CASES.read_text()
    assert all(f'"{alert["alert"]}"' in cases or f"alertname: {alert['alert']}\n" in cases for alert in list_alerts())


async def test_the_exposition_is_to_prometheus_s_taste(client: httpx.AsyncClient) -> None:
    """Names, units, types and help, as its linter judges them."""
    await client.post("/v1/classify", content=b"broken")
    assert not run_promtool("check", "metrics", text=(await client.get("/metrics")).text)
