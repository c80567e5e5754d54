"""Siblings for tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serve_app.batching import Batcher
from tests.siblings import Make, wait_for_rest
from tests.stoppable_model import StoppableModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where siblings meet."""
    return tmp_path / "siblings"


@pytest.fixture
def make(folder: Path) -> Iterator[Make]:
    """Makes batchers that are siblings, and closes them after the test."""
    batchers: list[tuple[Batcher[int, int], Any]] = []

    def make_one(model: Any, *, max_batch_size: int = 4, **options: Any) -> Batcher[int, int]:
        batcher: Batcher[int, int] = Batcher(
            model, max_batch_size=max_batch_size, max_queue=64, siblings=folder, **options
        )
        batchers.append((batcher, model))
        wait_for_rest(folder)
        return batcher

    yield make_one
    for _, model in batchers:
        if isinstance(model, StoppableModel):
            model.release()
    for batcher, _ in batchers:
        batcher.close()
