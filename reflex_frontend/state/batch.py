"""All photos of a session as drawn; which they are and in what order is decided in `classify`.

A state of its own: what stands in it is drawn anew when it changes, and a look at another photo changes none of it.
"""

from collections.abc import Sequence

import reflex as rx

from reflex_frontend import batch, texts
from reflex_frontend.batch import Card, Tally
from reflex_frontend.photos import Photo


class BatchState(rx.State):
    """known, done, failed: photos; progress: a CSS percentage; retry_at_ms: 0 unless the service is too busy."""

    cards: list[Card] = []  # noqa: RUF012 - Reflex copies a var's default for every session
    known: int = 0
    done: int = 0
    failed: int = 0
    summary: str = ""
    progress: str = "0%"
    announcement: str = ""
    retry_at_ms: int = 0


def draw_batch(state: BatchState, photos: Sequence[Photo]) -> None:
    """Show these photos, in this order."""
    tally = batch.count(photos)
    # Until one is answered, a service that is being asked again counts as busy.
    still = state.retry_at_ms if tally.open and tally.done == state.done else 0
    state.retry_at_ms = batch.find_next_attempt(photos) or still
    state.known, state.done, state.failed = tally.total, tally.done, tally.failed
    # A single photo is shown large and needs no card.
    state.cards = [batch.make_card(photo) for photo in photos] if tally.total > 1 else []
    state.summary = batch.describe_tally(tally) if tally.total > 1 else ""
    state.progress = f"{100 * (tally.done + tally.failed) / tally.total:.1f}%" if tally.total else "0%"
    state.announcement = _announce(tally)


def _announce(tally: Tally) -> str:
    """Said once, at the end: a screen reader has no use for each of two hundred."""
    if tally.total < 2 or tally.open:
        return ""
    return texts.BATCH_ANNOUNCED.format(done=tally.done, total=tally.total, failed=tally.failed)
