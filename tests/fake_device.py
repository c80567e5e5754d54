"""A CPU in the place of a GPU, as treacherous as CUDA allows.

Staging memory must stay as it is until its upload has been waited for, a recording writes its logits to the same place
each time, and work outside of the stream is an error.
"""

import contextlib
from collections.abc import Callable, Iterator

import torch

from serve_app.runtimes.torch_staging import Run


class FakeDevice:
    """See `serve_app.runtimes.torch_staging.DeviceCalls`.

    refuses: the batch size from which recording fails.
    """

    def __init__(self, refuses: int | None = None) -> None:
        self.device = torch.device("cpu")
        self.refuses = refuses
        self.recorded: list[int] = []
        self.repeated: list[int] = []
        self.uploads: list[int] = []
        self.inside = False
        self.before_release: Callable[[], list[object]] = list
        self.still_held: list[object] | None = None
        self._flying: tuple[torch.Tensor, torch.Tensor] | None = None

    def allocate_staging(self, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.full(shape, 255, dtype=torch.uint8)

    @contextlib.contextmanager
    def in_stream(self) -> Iterator[None]:
        self.inside = True
        yield
        self.inside = False

    def upload(self, source: torch.Tensor, target: torch.Tensor) -> None:
        assert self.inside
        assert self._flying is None, "the staging memory was used again before its upload was waited for"
        self.uploads.append(len(source))
        target.copy_(source)
        self._flying = source, source.clone()

    def wait_for_upload(self) -> None:
        if self._flying is not None:
            source, as_it_was = self._flying
            assert torch.equal(source, as_it_was), "the staging memory was written to while it was being uploaded"
        self._flying = None

    def fetch(self, source: torch.Tensor) -> torch.Tensor:
        assert self.inside
        return source.clone()

    def record(self, run: Run) -> Run:
        assert self.inside
        logits = run().clone()
        size = len(logits)
        if self.refuses is not None and size >= self.refuses:
            raise RuntimeError("operation not permitted when stream is capturing")
        self.recorded.append(size)

        def repeat() -> torch.Tensor:
            assert self.inside
            self.repeated.append(size)
            return logits.copy_(run())

        return repeat

    def release(self) -> None:
        self.still_held = self.before_release()
