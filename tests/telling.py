"""A service whose journal and traces can be read: what it told of requests, once it has ended."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from serve_app.classifier import ModelRepository
from serve_app.http.app import create_app
from serve_app.journal import Journal, Origin
from serve_app.log_lines import LineWriter
from serve_app.settings import ObservabilitySettings, Settings
from serve_app.spans import SpanWriter
from tests.fakes import make_repository

ORIGIN = Origin("argus", "ImageClassifier", "r1")


class KeptSpans(SpanExporter):
    """Keeps what it is given. Unlike OpenTelemetry's own for tests it can be read after its end."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


class Told:
    """What a service that has ended told of its requests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.exported = KeptSpans()

    @property
    def text(self) -> str:
        """All lines."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("*.jsonl")))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All lines, read."""
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        """All spans by name, where no two have the same."""
        named = {span.name: span for span in self.exported.spans}
        assert len(named) == len(self.exported.spans)
        return named


@asynccontextmanager
async def open_telling(
    folder: Path, repository: ModelRepository | None = None, *, traces: bool = False, **sections: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Told]]:
    """A client of a service that tells of its requests, and what it told, to be read after the block."""
    settings = Settings(**sections)
    told = Told(folder)
    journal = make_journal(settings.observability, folder, told.exported if traces else None)
    app = create_app(repository or make_repository(settings), settings, journal=journal)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://argus") as client:
            yield client, told
    finally:
        journal.close()


def make_journal(
    settings: ObservabilitySettings, folder: Path, exporter: SpanExporter | None = None, most_waiting: int = 100
) -> Journal:
    """A journal that tells when it is closed and not before."""
    spans = exporter and SpanWriter(exporter, ORIGIN, sample_ratio=settings.sample_ratio)
    return Journal(settings, LineWriter(settings, ORIGIN, folder), spans, most_waiting=most_waiting, interval_s=3600)


@contextmanager
def trace_program(exporter: SpanExporter, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This program is traced, as one that uses the client might be, until the end of the block."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # A program sets its provider once and for all; a test's must be gone with it.
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    yield
    provider.shutdown()
