"""Which sizes a GPU is prepared for, and how batches are cut and padded to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.runtimes.batch_sizes import cut_batch, list_batch_sizes, pad_batch_size


@pytest.mark.parametrize(
    ("largest", "expected"), [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (8, (1, 2, 4, 8)), (48, (1, 2, 4, 8, 16, 32, 48))]
)
def test_sizes_double_up_to_the_largest(largest: int, expected: tuple[int, ...]) -> None:
    """Few enough to prepare each of them; the largest is always one."""
    assert list_batch_sizes(largest) == expected


def test_a_size_under_one_is_refused() -> None:
    """A model cannot run on nothing."""
    with pytest.raises(ValueError, match="starts at 1"):
        list_batch_sizes(0)


@given(st.integers(1, 300), st.data())
def test_at_most_half_of_a_batch_is_padding(largest: int, data: st.DataObject) -> None:
    """The prepared size holds the batch, and the next smaller one would not."""
    count = data.draw(st.integers(1, largest))
    sizes = list_batch_sizes(largest)
    size = pad_batch_size(count, sizes)
    assert count <= size < 2 * count or size == count
    assert all(other < count or other >= size for other in sizes)


def test_more_than_the_largest_is_an_error() -> None:
    """Such a batch has to be cut first."""
    with pytest.raises(ValueError, match="9 images are more than the largest batch of 8"):
        pad_batch_size(9, list_batch_sizes(8))


@given(st.integers(1, 300), st.integers(1, 70))
def test_a_batch_is_cut_without_loss(count: int, largest: int) -> None:
    """The parts are the batch, in order, and only the last one may be small."""
    parts = [list(range(count))[part] for part in cut_batch(count, largest)]
    assert [image for part in parts for image in part] == list(range(count))
    assert all(len(part) == largest for part in parts[:-1])
    assert 1 <= len(parts[-1]) <= largest
