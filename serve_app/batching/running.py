"""Running a batch so that one bad item fails alone."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from serve_app.errors import Internal

T = TypeVar("T")
R = TypeVar("R")


def run_apart(run: Callable[[Sequence[T]], Sequence[R | Exception]], items: list[T]) -> Sequence[R | Exception]:
    """One result or exception for each item, whatever the model does."""
    try:
        results = run(items)
        count = len(results)
    except BaseException as error:  # noqa: BLE001  # whatever the model raises is its callers'; the thread lives on
        if len(items) == 1:
            return [make_deliverable(error)]
        half = len(items) // 2
        return [*run_apart(run, items[:half]), *run_apart(run, items[half:])]
    if count != len(items):
        return [Internal("The model returned the wrong number of results.") for _ in items]
    return results


def make_deliverable(error: BaseException) -> Exception:
    """The error as one that a future takes: it refuses StopIteration, and what is no Exception would end the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    internal = Internal("The model stopped without an answer.")
    internal.__cause__ = error
    return internal
