"""The row of instruments above the charts: replicas as cells, what is under way, what was refused and what failed."""

import reflex as rx

from reflex_frontend.readings import CellRow, Figure
from reflex_frontend.state.live import LiveState
from reflex_frontend.texts import live as texts

shown = LiveState.readings


def instruments() -> rx.Component:
    """All of them."""
    return rx.el.div(
        _replicas(),
        _under_way(),
        _counter("refused", texts.REFUSED, texts.REFUSED_LONG, shown.refused, shown.refused_total),
        _counter("errors", texts.ERRORS, texts.ERRORS_LONG, shown.errors, shown.errors_total),
        class_name="instrument-row",
    )


def _replicas() -> rx.Component:
    def cell(kind: rx.Var[str]) -> rx.Component:
        return rx.el.span(class_name="cell", custom_attrs={"data-kind": kind})

    def row(item: rx.Var[CellRow]) -> rx.Component:
        return rx.el.div(
            rx.cond(item.name != "", rx.el.span(item.name, class_name="cells-name")),
            rx.el.div(rx.foreach(item.cells, cell), class_name="cells", role="img", aria_label=item.description),
        )

    return rx.el.section(
        rx.el.h2(texts.REPLICAS),
        rx.el.p(shown.running, rx.el.span(shown.of_target, class_name="unit"), class_name="dial"),
        rx.el.div(rx.foreach(shown.rows, row), class_name="cell-rows"),
        rx.el.p(shown.changes, class_name="instrument-foot"),
        class_name="instrument replicas",
        aria_label=texts.REPLICAS,
    )


def _under_way() -> rx.Component:
    gauge = shown.gauge
    return rx.el.section(
        rx.el.h2(texts.IN_SERVICE),
        rx.el.p(gauge.total, class_name="dial"),
        rx.el.div(
            rx.el.span(style={"width": gauge.working_width}, custom_attrs={"data-kind": "working"}),
            rx.el.span(style={"width": gauge.waiting_width}, custom_attrs={"data-kind": "waiting"}),
            rx.el.span(class_name="gauge-peak", style={"left": gauge.peak_left}),
            class_name="gauge",
            title=gauge.peak,
            custom_attrs={"aria-hidden": "true"},
        ),
        rx.el.p(
            rx.el.span(gauge.working, custom_attrs={"data-kind": "working"}),
            rx.el.span(gauge.waiting, custom_attrs={"data-kind": "waiting"}),
            rx.el.span(gauge.top, class_name="gauge-top", custom_attrs={"aria-hidden": "true"}),
            class_name="instrument-foot gauge-words",
        ),
        class_name="instrument under-way",
        aria_label=texts.IN_SERVICE,
    )


def _counter(kind: str, name: str, explanation: str, rate: rx.Var[Figure], total: rx.Var[str]) -> rx.Component:
    any_now = rx.cond((rate.value == "0") | (rate.unit == ""), "false", "true")
    return rx.el.section(
        rx.el.h2(name, title=explanation),
        rx.el.p(rate.value, rx.el.span(rate.unit, class_name="unit"), class_name="dial"),
        rx.el.p(total, class_name="instrument-foot"),
        class_name="instrument counter",
        aria_label=name,
        custom_attrs={"data-kind": kind, "data-any": any_now},
    )
