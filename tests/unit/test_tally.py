"""What a replica counts of its own requests."""

from serve_app.tally import BOUNDS_S, WINDOW_S, Counts, Tally
from tests.fakes import ManualClock


def finish(tally: Tally, clock: ManualClock, status: int = 200, images: int = 1, seconds: float = 0.01) -> None:
    tally.finish(clock(), status=status, images=images, seconds=seconds)


def test_a_request_counts_by_what_became_of_it() -> None:
    """Answered with its images, refused, the client's fault, the service's fault."""
    clock = ManualClock()
    tally = Tally(clock)
    for status, images in ((200, 3), (200, 1), (429, 0), (404, 0), (413, 0), (422, 0), (500, 0), (503, 0), (504, 0)):
        finish(tally, clock, status, images)
    note = tally.take("any", queued=0)
    assert note.totals == note.recent == Counts(answered=2, images=4, refused=1, client_errors=3, server_errors=3)


def test_the_window_forgets_and_the_totals_do_not() -> None:
    """A request leaves the recent counts when it is older than the window, and stays in the totals."""
    clock = ManualClock()
    tally = Tally(clock)
    finish(tally, clock)
    clock.advance(WINDOW_S)
    assert tally.take("any", queued=0).recent.answered == 1
    clock.advance(1)
    finish(tally, clock)
    note = tally.take("any", queued=0)
    assert (note.recent.answered, note.totals.answered) == (1, 2)
    clock.advance(1000)
    note = tally.take("any", queued=0)
    assert (note.recent, note.totals.answered) == (Counts(), 2)
    assert not any(note.latencies)


def test_no_request_is_lost_over_many_seconds() -> None:
    """Seconds that are used again hand their counts over first."""
    clock = ManualClock()
    tally = Tally(clock)
    for _ in range(100):
        finish(tally, clock)
        clock.advance(0.7)
    assert tally.take("any", queued=0).totals.answered == 100


def test_a_steady_rate_reads_as_that_rate_at_any_moment() -> None:
    """The window ends now and not with the last whole second, so the rate does not jump between them."""
    clock = ManualClock()
    tally = Tally(clock)
    for step in range(2000):
        finish(tally, clock)
        clock.advance(0.01)
        if step > 100 * (WINDOW_S + 1):
            note = tally.take("any", queued=0)
            assert WINDOW_S <= note.recent_s < WINDOW_S + 1
            assert 99 < note.recent.answered / note.recent_s < 101


def test_only_answers_have_a_latency() -> None:
    """A refusal is quick and says nothing of how long an answer takes."""
    clock = ManualClock()
    tally = Tally(clock)
    finish(tally, clock, status=429, images=0, seconds=0.001)
    finish(tally, clock, seconds=0.02)
    latencies = tally.take("any", queued=0).latencies
    assert sum(latencies) == 1
    index = latencies.index(1)
    assert BOUNDS_S[index - 1] < 0.02 <= BOUNDS_S[index]


def test_no_latency_is_too_short_or_too_long_to_count() -> None:
    """The first and the last place take what is outside the bounds."""
    clock = ManualClock()
    tally = Tally(clock)
    finish(tally, clock, seconds=0.0)
    finish(tally, clock, seconds=1e6)
    latencies = tally.take("any", queued=0).latencies
    assert (latencies[0], latencies[-1]) == (1, 1)


def test_a_note_says_what_is_under_way() -> None:
    """Requests under way, images that wait, and for how long the replica has been up."""
    clock = ManualClock()
    tally = Tally(clock)
    tally.ongoing += 3
    clock.advance(7)
    note = tally.take("ImageClassifier", queued=2)
    assert (note.deployment, note.ongoing, note.queued, note.uptime_s) == ("ImageClassifier", 3, 2, 7)
