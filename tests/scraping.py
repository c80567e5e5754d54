"""Reading Prometheus's text back, for tests."""

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families


def parse_metrics(text: str) -> dict[str, Metric]:
    """Families by name, as they are asked for: a counter's with its `_total`."""
    families = list(text_string_to_metric_families(text))
    return {f"{family.name}_total" if family.type == "counter" else family.name: family for family in families}


def read_value(text: str, sample: str, **labels: str) -> float:
    """The value of the one sample of that name with exactly these labels; 0 where there is none, as for a counter."""
    found = [
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == sample and one.labels == labels
    ]
    assert len(found) <= 1, f"{sample} {labels} is there {len(found)} times"
    return found[0] if found else 0.0
