"""How notes of replicas become the status of the service."""

import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.status import Board, DeploymentScale, OwnStatus, add_up, describe_service, find_percentile_ms
from serve_app.tally import BOUNDS_S, Counts, Note
from tests.fakes import ManualClock

EMPTY = (0,) * (len(BOUNDS_S) + 1)


def histogram(*seconds: float) -> tuple[int, ...]:
    counts = list(EMPTY)
    for one in seconds:
        counts[bisect_left(BOUNDS_S, one)] += 1
    return tuple(counts)


def note(
    answered: int = 0,
    *,
    deployment: str = "ImageClassifier",
    totals: Counts | None = None,
    latencies: tuple[int, ...] = EMPTY,
    refused: int = 0,
    errors: int = 0,
    uptime_s: float = 60.0,
) -> Note:
    recent = Counts(answered, 2 * answered, refused, errors, errors)
    return Note(deployment, uptime_s, 3, 1, totals or recent, recent, 5.0, latencies)


def test_figures_of_replicas_add_up() -> None:
    """Rates, totals, queues and latencies are those of all replicas together."""
    figures = add_up(
        [note(50, latencies=histogram(0.01)), note(25, refused=5, errors=10, latencies=histogram(0.01, 0.5))]
    )
    assert (figures.rates.answered, figures.rates.images) == (15, 30)
    assert (figures.rates.refused, figures.rates.errors, figures.rates.offered) == (1, 4, 20)
    assert (figures.ongoing, figures.queued, figures.heard) == (6, 2, {"ImageClassifier": 2})
    assert figures.totals == Counts(75, 150, 5, 10, 10)
    assert figures.latencies == histogram(0.01, 0.01, 0.5)


def test_a_replica_that_falls_silent_does_nothing_any_more_but_did_what_it_did() -> None:
    """Its requests a second go, its totals stay, and they count once when it is back."""
    clock = ManualClock()
    board = Board(clock)
    board.post("a", note(50))
    board.post("b", note(25))
    clock.advance(3)
    board.post("b", note(25))
    clock.advance(1)
    figures = board.read()
    assert (figures.heard, figures.rates.answered, figures.totals.answered) == ({"ImageClassifier": 1}, 5, 75)
    board.post("a", note(50))
    assert (board.read().rates.answered, board.read().totals.answered) == (15, 75)


def test_totals_outlive_the_replicas_that_counted_them() -> None:
    """A replica is forgotten after a while; what it did is not."""
    clock = ManualClock()
    board = Board(clock)
    for number in range(50):
        board.post(f"replica {number}", note(10))
        clock.advance(1000)
    assert board.read().totals.answered == 500
    assert board.read().totals.answered == 500
    assert not board.read().heard


def test_the_service_is_as_old_as_whatever_remembers_most() -> None:
    """A board that was made anew does not make the service young."""
    clock = ManualClock()
    board = Board(clock)
    board.post("a", note(uptime_s=500.0))
    assert board.read().uptime_s == 500.0
    clock.advance(700)
    board.post("b", note(uptime_s=10.0))
    assert board.read().uptime_s == 700.0


def test_a_board_knows_how_long_nobody_came() -> None:
    """From its making, and from the last note on."""
    clock = ManualClock()
    board = Board(clock)
    clock.advance(5)
    assert board.silent_s == 5
    board.post("a", note())
    clock.advance(2)
    assert board.silent_s == 2


def test_the_status_shows_the_deployment_that_takes_the_requests() -> None:
    """Its replicas are the service's; the others are listed beside it."""
    scales = (DeploymentScale("Inference_m", 1, 0, 0, 1), DeploymentScale("Ingress", 2, 1, 0, 3, 2, 8))
    status = describe_service(add_up([]), "Ingress", scales=scales)
    assert (status.scale.running, status.scale.starting, status.scale.target) == (2, 1, 3)
    assert status.deployments == scales
    assert status.complete


def test_without_the_controller_the_replicas_that_were_heard_are_counted() -> None:
    """The status says that it is not whole."""
    figures = add_up([note(deployment="Ingress"), note(deployment="Ingress"), note(deployment="Inference_m")])
    status = describe_service(figures, "Ingress", scales=None)
    assert [(scale.name, scale.running, scale.target) for scale in status.deployments] == [
        ("Inference_m", 1, 1),
        ("Ingress", 2, 2),
    ]
    assert (status.scale.running, status.complete) == (2, False)


async def test_a_replica_alone_knows_itself() -> None:
    """Without others and without a controller, the status is the replica's own."""
    own = OwnStatus(lambda: 4, deployment="ImageClassifier")
    own.tally.ongoing += 2
    status = await own.read()
    assert (status.scale.running, status.figures.ongoing, status.figures.queued) == (1, 2, 4)
    assert status.latency_ms(0.5) is None
    assert not status.complete


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_is_within_a_few_percent_of_the_exact_one(share: float) -> None:
    """The bounds are close enough for a chart and for a promise."""
    draw = random.Random(1)  # noqa: S311  # chance, not secrets
    seconds = sorted(draw.lognormvariate(-4, 0.5) for _ in range(10_000))
    exact_ms = 1e3 * seconds[int(share * len(seconds))]
    assert find_percentile_ms(histogram(*seconds), share) == pytest.approx(exact_ms, rel=0.03)


@given(st.lists(st.floats(0.001, 100), min_size=1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_percentiles_stay_within_what_was_measured_and_in_order(seconds: list[float], low: float, high: float) -> None:
    """No percentile is outside the bounds around the shortest and longest, and a higher one is no shorter."""
    low, high = sorted((low, high))
    latencies = histogram(*seconds)
    lower, upper = find_percentile_ms(latencies, low), find_percentile_ms(latencies, high)
    assert lower is not None
    assert upper is not None
    step = BOUNDS_S[1] / BOUNDS_S[0]
    assert 1e3 * min(seconds) / step <= lower * 1.000001
    assert lower <= upper * 1.000001
    assert upper <= 1e3 * max(seconds) * step * 1.000001


def test_nothing_answered_has_no_percentile() -> None:
    """None, and not a latency of nothing."""
    assert find_percentile_ms(EMPTY, 0.5) is None
