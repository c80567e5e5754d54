"""What a replica counts for its metrics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.meters import (
    BATCH_BOUNDS,
    REQUEST_BOUNDS_MS,
    STAGE_BOUNDS_MS,
    BatchMeter,
    Meters,
    Samples,
    add_samples,
    subtract_samples,
)


def test_a_request_is_counted_under_its_route_and_code() -> None:
    """In the bucket of the first bound that is not below its time, with its time added to the sum."""
    meters = Meters()
    meters.count_request("/v1/classify", 200, 10.0)
    meters.count_request("/v1/classify", 200, 10.5)
    meters.count_request("/v1/classify", 429, 0.1)
    samples = meters.take({})
    answered, refused = samples["requests", "/v1/classify", "200"], samples["requests", "/v1/classify", "429"]
    assert (answered[REQUEST_BOUNDS_MS.index(10.0)], answered[REQUEST_BOUNDS_MS.index(20.0)]) == (1, 1)
    assert (answered[-1], refused[0], refused[-1]) == (20.5, 1, 0.1)


def test_no_time_is_too_long_to_count() -> None:
    """The place before the sum takes what is above every bound."""
    meters = Meters()
    meters.count_request("/v1/classify", 200, 1e9)
    assert meters.take({})["requests", "/v1/classify", "200"][-2:] == (1, 1e9)


def test_an_image_is_counted_with_where_its_time_went() -> None:
    """Each stage has a histogram of its own, by model."""
    meters = Meters()
    meters.count_image("a", 2.4, 0.1, 6.0)
    meters.count_image("a", 2.5, 3.0, 6.0)
    meters.count_image("b", 1.0, 0.0, 4.0)
    samples = meters.take({})
    assert (samples["images", "a", "classified"], samples["images", "b", "classified"]) == ((2,), (1,))
    assert samples["decode", "a"][STAGE_BOUNDS_MS.index(2.5)] == 2
    assert samples["queue", "a"][-1] == pytest.approx(3.1)
    assert samples["inference", "b"][STAGE_BOUNDS_MS.index(5.0)] == 1


def test_what_went_wrong_is_counted_by_its_reason() -> None:
    """Problems of requests by status and code, images at fault by code."""
    meters = Meters()
    meters.count_problem(429, "overloaded")
    meters.count_problem(429, "overloaded")
    meters.count_problem(429, "rate_limited")
    meters.count_failed_image("a", "undecodable_image")
    assert meters.take({}) == {
        ("problems", "429", "overloaded"): (2,),
        ("problems", "429", "rate_limited"): (1,),
        ("images", "a", "undecodable_image"): (1,),
    }


@given(st.lists(st.tuples(st.integers(1, 1024), st.booleans())))
def test_batches_are_counted_by_size(batches: list[tuple[int, bool]]) -> None:
    """Each under the smallest bound that holds it; the sum is that of the images, and some were borrowed."""
    meter = BatchMeter()
    for size, is_borrowed in batches:
        meter.count(size, 0.5, borrowed=is_borrowed)
    sizes = [size for size, _ in batches]
    histogram, busy, borrowed = meter.take()
    reaches = zip((0, *BATCH_BOUNDS[:-1]), BATCH_BOUNDS, strict=True)
    expected = [sum(low < size <= bound for size in sizes) for low, bound in reaches]
    assert list(histogram[:-2]) == expected
    assert (histogram[-2], histogram[-1], busy) == (0, sum(sizes), (len(sizes) / 2,))
    assert borrowed == (sum(size for size, is_borrowed in batches if is_borrowed),)


def test_a_taken_sample_does_not_change_any_more() -> None:
    """It travels to another process while the counting goes on."""
    meters, batches = Meters(), BatchMeter()
    meters.count_request("/v1/classify", 200, 10.0)
    taken = meters.take({"a": batches})
    before = dict(taken)
    meters.count_request("/v1/classify", 200, 10.0)
    batches.count(3, 1.0)
    assert taken == before


numbers = st.dictionaries(
    st.sampled_from([("a",), ("b", "1"), ("b", "2")]), st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=3
)


@given(numbers, numbers)
def test_what_was_counted_since_is_the_rest(earlier: Samples, since: Samples) -> None:
    """Subtracting undoes adding, and leaves zeros where nothing came."""
    rest = subtract_samples(add_samples([earlier, since]), earlier)
    assert {key: found for key, found in rest.items() if any(found)} == {
        key: found for key, found in since.items() if any(found)
    }
