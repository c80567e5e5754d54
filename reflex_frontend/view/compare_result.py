"""The lower half of the compare page: both answers mirrored around their labels, on one scale."""

from typing import Any

import reflex as rx

from reflex_frontend import texts as common
from reflex_frontend.comparison import Row
from reflex_frontend.photos import Photo
from reflex_frontend.state.compare import TOP_K_CHOICES, CompareState, Times
from reflex_frontend.texts import compare as texts
from reflex_frontend.view.controls import choice_row
from reflex_frontend.view.icons import icon

state = CompareState
KINDS = ("decode", "queue", "model", "network")


def result() -> rx.Component:
    """The panel; each side shows how far it is until it has an answer."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(texts.RESULT),
            choice_row(
                name="compare_top_k",
                label=common.TOP_K,
                description=texts.TOP_K_LONG,
                choices=[(value, value) for value in TOP_K_CHOICES],
                current=state.top_k,
                on_choose=CompareState.choose_top_k,
            ),
            class_name="panel-head",
        ),
        rx.el.div(
            rx.cond(state.verdict != "", _verdict()),
            rx.el.div(_head("left"), _head("right"), class_name="duel-heads"),
            rx.cond(state.rows.length() > 0, _rows(), _nothing_yet()),
            rx.cond(state.rows.length() > 0, _times()),
            class_name="duel-body",
        ),
        rx.el.p(state.announcement, role="status", class_name="sr-only"),
        class_name="duel",
        aria_label=texts.RESULT,
        custom_attrs={"data-left": state.left.status, "data-right": state.right.status},
    )


def model_select(chosen: rx.Var[str], on_choose: Any, name: str) -> rx.Component:
    """A choice of the models that the service has."""
    return rx.el.div(
        rx.el.select(
            rx.foreach(state.models, lambda model: rx.el.option(model, value=model)),
            value=chosen,
            on_change=on_choose,
            aria_label=name,
            disabled=state.models.length() < 2,
        ),
        icon("chevron"),
        class_name="model-pick",
    )


def _verdict() -> rx.Component:
    return rx.el.div(
        rx.el.p(
            rx.cond(state.agrees, icon("check"), icon("differ")),
            rx.el.span(state.verdict),
            class_name="verdict-words",
        ),
        rx.el.p(state.shared, class_name="verdict-shared"),
        class_name="verdict",
        custom_attrs={"data-agrees": state.agrees},
    )


def _head(side: str) -> rx.Component:
    photo = state.left if side == "left" else state.right
    if side == "left":
        select = model_select(state.left_model, CompareState.choose_left, texts.LEFT_MODEL)
    else:
        select = model_select(state.right_model, CompareState.choose_right, texts.RIGHT_MODEL)
    name = rx.el.p(
        rx.cond(photo.filename != "", photo.filename, texts.LEFT_PHOTO if side == "left" else texts.RIGHT_PHOTO),
        class_name="duel-name",
    )
    return rx.el.div(
        rx.el.div(_side_name(side), rx.cond(state.mode == "photos", name, select), class_name="duel-title"),
        _progress(side, photo),
        class_name="duel-head",
        custom_attrs={"data-side": side, "data-status": photo.status},
    )


def _side_name(side: str) -> rx.Component:
    """Shown where the sides do not stand beside each other."""
    return rx.el.span(texts.LEFT if side == "left" else texts.RIGHT, class_name="duel-side")


def _progress(side: str, photo: rx.Var[Photo]) -> rx.Component:
    reading = rx.el.p(
        texts.READING,
        " ",
        rx.el.span(custom_attrs={"data-since": photo.since_ms, "data-after": "1"}),
        class_name="reading",
    )
    return rx.match(
        photo.status,
        ("working", reading),
        ("waiting", _trouble(side, photo)),
        ("failed", _trouble(side, photo)),
        rx.fragment(),
    )


def _trouble(side: str, photo: rx.Var[Photo]) -> rx.Component:
    """What happened to this side, and what can be done; the other side is not concerned."""
    trouble = photo.trouble
    words = rx.cond(trouble.title != "", trouble.title, texts.WAITING_FOR_MODELS)
    return rx.el.div(
        rx.cond(photo.status == "failed", icon("alert"), icon("clock")),
        rx.el.div(
            rx.el.p(words, class_name="side-title"),
            rx.el.p(rx.cond(trouble.title != "", trouble.detail, texts.WAITING_FOR_MODELS_DETAIL)),
            rx.cond(
                trouble.retry_at_ms > 0,
                rx.el.p(common.NEXT_ATTEMPT, " ", rx.el.span(custom_attrs={"data-until": trouble.retry_at_ms})),
            ),
            rx.cond(trouble.code != "", rx.el.p(rx.el.code(trouble.code), " ", trouble.request_id)),
            rx.cond(
                trouble.can_retry,
                rx.el.button(
                    icon("again"),
                    rx.cond(photo.status == "waiting", common.TRY_NOW, common.TRY_AGAIN),
                    type="button",
                    class_name="button",
                    title=texts.TRY_AGAIN_LONG.format(side=texts.LEFT if side == "left" else texts.RIGHT),
                    custom_attrs={"data-compare-retry": side},
                ),
            ),
        ),
        class_name="side-trouble",
    )


def _rows() -> rx.Component:
    def bar(width: rx.Var[str], *, first: rx.Var[bool]) -> rx.Component:
        return rx.el.span(rx.el.span(style={"width": width}), class_name="duel-bar", custom_attrs={"data-first": first})

    def half(side: str, score: rx.Var[str], width: rx.Var[str], first: rx.Var[bool]) -> rx.Component:
        return rx.el.span(
            _side_name(side),
            bar(width, first=first),
            rx.el.span(rx.cond(score != "", score, "\N{EN DASH}"), class_name="duel-score"),
            class_name="duel-half",
            custom_attrs={"data-side": side, "data-none": score == "", "aria-hidden": "true"},
        )

    def row(item: rx.Var[Row]) -> rx.Component:
        return rx.el.li(
            rx.el.span(item.spoken, class_name="sr-only"),
            half("left", item.left, item.left_width, item.left_first),
            rx.el.span(
                rx.el.span(item.label, class_name="duel-label-words"),
                rx.el.span(item.difference, class_name="duel-difference"),
                class_name="duel-label",
                custom_attrs={"aria-hidden": "true"},
            ),
            half("right", item.right, item.right_width, item.right_first),
            custom_attrs={"data-first": item.left_first | item.right_first},
        )

    return rx.el.ol(rx.foreach(state.rows, row), class_name="duel-rows")


def _times() -> rx.Component:
    def half(side: str, times: rx.Var[Times]) -> rx.Component:
        parts = [
            rx.el.span(style={"flexGrow": share}, custom_attrs={"data-kind": kind})
            for kind, share in zip(KINDS, (times.decode, times.queue, times.model, times.network), strict=True)
        ]
        return rx.el.div(
            rx.el.p(
                _side_name(side),
                rx.el.strong(times.total),
                " ",
                rx.el.span(times.facts, class_name="duel-facts"),
                class_name="duel-time",
            ),
            rx.el.div(
                rx.el.div(*parts, class_name="time-bar", style={"width": times.width}),
                class_name="duel-time-track",
                custom_attrs={"aria-hidden": "true"},
            ),
            class_name="duel-time-half",
            custom_attrs={"data-side": side},
        )

    names = (common.DECODE, common.QUEUE, common.MODEL, common.NETWORK)
    legend = [rx.el.li(name, custom_attrs={"data-kind": kind}) for kind, name in zip(KINDS, names, strict=True)]
    return rx.el.div(
        half("left", state.left_times),
        rx.el.div(rx.el.p(texts.ROUND_TRIP), class_name="duel-time-name"),
        half("right", state.right_times),
        rx.el.ul(*legend, class_name="duel-legend", custom_attrs={"aria-hidden": "true"}),
        class_name="duel-times",
    )


def _nothing_yet() -> rx.Component:
    by_mode = rx.cond(state.mode == "photos", texts.EMPTY_PHOTOS, texts.EMPTY_MODELS)
    ghosts = [rx.el.div(rx.el.span(), rx.el.span(), rx.el.span(), class_name="duel-ghost") for _ in range(4)]
    return rx.el.div(
        rx.el.div(*ghosts, class_name="duel-ghosts", custom_attrs={"aria-hidden": "true"}),
        rx.el.p(texts.EMPTY, class_name="note-title"),
        rx.el.p(by_mode),
        class_name="duel-empty",
    )
