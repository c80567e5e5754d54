"""The live page: the load that can be sent, the instruments, the two charts."""

import reflex as rx

from reflex_frontend.state.live import LiveState
from reflex_frontend.texts import live as texts
from reflex_frontend.view.charts import chart
from reflex_frontend.view.icons import icon
from reflex_frontend.view.instruments import instruments
from reflex_frontend.view.load import load_strip

shown = LiveState.readings


def live_page() -> rx.Component:
    """The content between header and end."""
    return rx.fragment(
        rx.el.div(rx.el.h1(texts.HEADLINE), rx.el.p(texts.LEAD), class_name="intro"),
        rx.cond(shown.state == "unsupported", _unsupported(), _panel()),
        rx.el.p(LiveState.announcement, role="status", class_name="sr-only"),
    )


def _panel() -> rx.Component:
    return rx.fragment(
        load_strip(),
        rx.el.div(
            instruments(),
            rx.el.div(_requests(), _latency(), class_name="trace-row"),
            class_name="instruments",
            custom_attrs={"data-state": shown.state},
        ),
        rx.el.p(shown.foot, class_name="footnote live-foot"),
    )


def _requests() -> rx.Component:
    return chart(
        title=texts.REQUESTS,
        figures=[
            ("served", texts.SERVED, texts.SERVED_LONG, shown.served),
            ("offered", texts.OFFERED, texts.OFFERED_LONG, shown.offered),
            ("images", texts.IMAGES, texts.IMAGES_LONG, shown.images),
        ],
        drawn=shown.requests,
        beat=shown.beat,
        note=shown.requests_note,
    )


def _latency() -> rx.Component:
    return chart(
        title=texts.LATENCY,
        figures=[
            ("p50", texts.P50, texts.P50_LONG, shown.p50),
            ("p95", texts.P95, texts.P95_LONG, shown.p95),
            ("p99", texts.P99, texts.P99_LONG, shown.p99),
        ],
        drawn=shown.latency,
        beat=shown.beat,
        note=shown.latency_note,
    )


def _unsupported() -> rx.Component:
    return rx.el.div(
        icon("alert", "icon note-icon"),
        rx.el.p(texts.UNSUPPORTED, class_name="note-title"),
        rx.el.p(texts.UNSUPPORTED_DETAIL),
        class_name="panel-body note live-none",
    )
