"""The comparison of topologies: what is started, in which order, and what the table says of it."""

import pytest

from benchmarks.topology import TOPOLOGIES, TRANSPORTS, Arrangement, Outcome, tabulate, turn
from serve_app.settings import Settings


@pytest.mark.parametrize("arrangement", [*TOPOLOGIES, *TRANSPORTS], ids=lambda arrangement: arrangement.name)
def test_an_arrangement_is_a_shipped_configuration_at_a_fixed_scale(arrangement: Arrangement) -> None:
    """Valid settings, batches that suit a CPU, and as many replicas as it says from the first second on."""
    (application,) = arrangement.describe()["applications"]
    settings = Settings.model_validate(application["args"])
    assert settings.topology == arrangement.name.partition(",")[0] or arrangement in TRANSPORTS
    assert settings.inference.max_batch_size == Settings().inference.max_batch_size
    deployments = application["deployments"]
    assert sum(deployment["num_replicas"] for deployment in deployments) == sum(arrangement.replicas.values())
    assert not any("autoscaling_config" in deployment for deployment in deployments)


def test_every_round_begins_with_another_arrangement() -> None:
    """No arrangement is always the one after a pause."""
    orders = [[arrangement.name for arrangement in turn(TOPOLOGIES, number)] for number in range(3)]
    assert {order[0] for order in orders} == {arrangement.name for arrangement in TOPOLOGIES}
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def test_ratios_are_taken_within_a_round() -> None:
    """A machine that is slow for one round moves the medians and not the ratios."""

    def outcome(rate: float) -> Outcome:
        return Outcome(rate, 1e3 / rate, 2e3 / rate, {"Ray": 1.0, "Ingress": 3.0}, 0)

    table = tabulate(
        {"first": [outcome(200), outcome(100), outcome(150)], "second": [outcome(100), outcome(50), outcome(75)]}
    )
    first, second = table.splitlines()[2:]
    assert first == "| first | 150 (1.00) | 7 (1.00) | 13 (1.00) | 4.0 (1.00) | Ingress 3.0, Ray 1.0 |"
    assert second == "| second | 75 (0.50) | 13 (2.00) | 27 (2.00) | 4.0 (1.00) | Ingress 3.0, Ray 1.0 |"
