"""A chart: lines and bands as SVG stretched over its field; ticks, gaps and names as HTML at places in per cent.

So the lines keep their width, the hairlines stay sharp and the words keep their size at any width of the page.
"""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from reflex_frontend.charts import HEIGHT, WIDTH, Chart, EndLabel, Gap, Stroke, Tick
from reflex_frontend.readings import Figure
from reflex_frontend.texts import live as texts


def chart(
    *,
    title: str,
    figures: Sequence[tuple[str, str, str, Any]],
    drawn: rx.Var[Chart],
    beat: rx.Var[str],
    note: rx.Var[str],
) -> rx.Component:
    """figures: kind, name, explanation and Figure of each number in the head; note: in place of missing lines."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title),
            rx.el.dl(*[_figure(*item) for item in figures], class_name="trace-figures"),
            class_name="trace-head",
        ),
        rx.el.div(
            rx.foreach(drawn.ticks, _tick),
            rx.foreach(drawn.gaps, _gap),
            rx.el.svg(
                rx.el.g(rx.foreach(drawn.strokes, _stroke), class_name="trace-lines", custom_attrs={"data-beat": beat}),
                view_box=f"0 0 {WIDTH:g} {HEIGHT:g}",
                preserve_aspect_ratio="none",
                class_name="trace-svg",
            ),
            rx.foreach(drawn.labels, _end),
            rx.cond(note != "", rx.el.p(note, class_name="trace-note")),
            rx.el.div(
                rx.el.span(texts.TWO_MINUTES_AGO),
                rx.el.span(texts.A_MINUTE_AGO),
                rx.el.span(texts.NOW),
                class_name="trace-time",
            ),
            class_name="trace-field",
            role="img",
            aria_label=drawn.description,
        ),
        class_name="trace",
        aria_label=title,
    )


def _figure(kind: str, name: str, explanation: str, figure: rx.Var[Figure]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(name, title=explanation),
        rx.el.dd(figure.value, rx.el.span(figure.unit, class_name="unit")),
        custom_attrs={"data-kind": kind},
    )


def _tick(tick: rx.Var[Tick]) -> rx.Component:
    return rx.el.div(rx.el.span(tick.text), class_name="trace-tick", style={"top": tick.top})


def _gap(gap: rx.Var[Gap]) -> rx.Component:
    return rx.el.div(class_name="trace-gap", style={"left": gap.left, "width": gap.width}, title=texts.NO_ANSWER)


def _stroke(stroke: rx.Var[Stroke]) -> rx.Component:
    return rx.el.path(d=stroke.d, custom_attrs={"data-kind": stroke.kind, "data-shape": stroke.shape})


def _end(label: rx.Var[EndLabel]) -> rx.Component:
    return rx.el.span(
        label.name, class_name="trace-end", style={"top": label.top}, custom_attrs={"data-kind": label.kind}
    )
