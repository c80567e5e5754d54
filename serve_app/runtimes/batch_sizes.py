"""Which batch sizes a GPU is prepared for, and how a batch of any size is cut and padded to them. Imports no torch."""

from collections.abc import Iterator


def list_batch_sizes(max_batch_size: int) -> tuple[int, ...]:
    """1, 2, 4, 8 ... and max_batch_size itself: at most half of a prepared batch is padding.

    Raises ValueError for a size under 1.
    """
    if max_batch_size < 1:
        raise ValueError("max_batch_size starts at 1")
    sizes = []
    size = 1
    while size < max_batch_size:
        sizes.append(size)
        size *= 2
    return (*sizes, max_batch_size)


def pad_batch_size(count: int, sizes: tuple[int, ...]) -> int:
    """The smallest prepared size that holds `count` images. Raises ValueError when none does."""
    for size in sizes:
        if size >= count:
            return size
    raise ValueError(f"{count} images are more than the largest batch of {sizes[-1]}")


def cut_batch(count: int, max_batch_size: int) -> Iterator[slice]:
    """The parts of a batch of `count` images, each at most max_batch_size, in order."""
    for start in range(0, count, max_batch_size):
        yield slice(start, min(start + max_batch_size, count))
