"""The gate: what can be answered in time goes in, the rest is refused at once."""

import pytest

from serve_app.admission import Admission
from serve_app.errors import Overloaded
from serve_app.settings import OverloadSettings
from tests.fakes import ManualClock


def gate(clock: ManualClock, *, deadline_s: float = 1.0, max_pending_images: int = 100) -> Admission:
    settings = OverloadSettings(deadline_s=deadline_s, max_pending_images=max_pending_images)
    return Admission(settings, clock=clock)


def serve_one(admission: Admission, clock: ManualClock, seconds: float) -> None:
    with admission.admit(1):
        clock.advance(seconds)


def test_an_admitted_request_gets_the_deadline_of_the_settings() -> None:
    """The deadline counts from the moment of admission."""
    clock = ManualClock()
    with gate(clock, deadline_s=2.5).admit(1) as deadline:
        assert deadline == clock.now + 2.5


def test_places_are_given_back_when_the_request_ends_even_in_error() -> None:
    """A failed request does not hold its places."""
    admission = gate(ManualClock())
    with pytest.raises(ZeroDivisionError), admission.admit(3):
        _ = 1 / 0
    assert admission.pending == 0


def test_no_more_images_are_admitted_than_there_are_places() -> None:
    """The bound counts images, not requests."""
    admission = gate(ManualClock(), max_pending_images=4)
    with admission.admit(3), pytest.raises(Overloaded), admission.admit(2):
        pass


def test_what_would_be_answered_after_the_deadline_is_refused() -> None:
    """With 0.3 s an image and a deadline of 1 s, three fit and a fourth does not."""
    clock = ManualClock()
    admission = gate(clock, deadline_s=1.0)
    serve_one(admission, clock, 0.3)
    with admission.admit(1), admission.admit(1), admission.admit(1), pytest.raises(Overloaded), admission.admit(1):
        pass


def test_the_refusal_says_honestly_when_to_try_again() -> None:
    """Retry-After is the time after which the request would have been in time."""
    clock = ManualClock()
    admission = gate(clock, deadline_s=10.0)
    serve_one(admission, clock, 2.0)
    with admission.admit(5), pytest.raises(Overloaded) as caught, admission.admit(3):
        pass
    assert caught.value.retry_after_s == pytest.approx(6.0)  # 8 images x 2 s - 10 s


def test_an_empty_replica_admits_whatever_its_average_says() -> None:
    """One terribly slow image must not close the service for good."""
    clock = ManualClock()
    admission = gate(clock, deadline_s=1.0)
    serve_one(admission, clock, 60.0)
    with admission.admit(1):
        assert admission.pending == 1


def test_the_average_follows_the_rate_of_departures_and_ignores_idle_time() -> None:
    """Two requests that are worked on at the same time count by the gap between their ends; a pause counts nothing."""
    clock = ManualClock()
    admission = gate(clock)
    for _ in range(200):
        clock.advance(5.0)  # idle
        with admission.admit(1):
            clock.advance(0.1)
            with admission.admit(1):
                clock.advance(0.1)
    assert 0.0 < admission.image_s < 0.25
