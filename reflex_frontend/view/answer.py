"""The right half of the classify page: the answer, or what stands in its place until there is one."""

import reflex as rx

from reflex_frontend import figures, texts
from reflex_frontend.state.classify import MIN_SCORE_CHOICES, TOP_K_CHOICES, ClassifyState
from reflex_frontend.state.health import HealthState
from reflex_frontend.state.shown import Row, Share
from reflex_frontend.view.controls import choice_row
from reflex_frontend.view.icons import icon

photo = ClassifyState.photo


def answer() -> rx.Component:
    """The panel; its content follows the photo's status."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(texts.ANSWER),
            _controls(),
            class_name="panel-head",
        ),
        rx.match(
            photo.status,
            ("done", _done()),
            ("failed", _trouble("alert")),
            ("waiting", _trouble("clock")),
            ("queued", _working(texts.QUEUED)),
            ("working", _working(texts.WORKING)),
            _empty(),
        ),
        rx.el.p(ClassifyState.announcement, role="status", class_name="sr-only"),
        class_name="panel",
        aria_label=texts.ANSWER,
        custom_attrs={"data-status": photo.status},
    )


def _controls() -> rx.Component:
    top = [(value, value) for value in TOP_K_CHOICES]
    scores = [(value, f"{value}{figures.NO_BREAK}%") for value in MIN_SCORE_CHOICES]
    return rx.el.div(
        _model_choice(),
        choice_row(
            name="top_k",
            label=texts.TOP_K,
            description=texts.TOP_K_LONG,
            choices=top,
            current=ClassifyState.top_k,
            on_choose=ClassifyState.choose_top_k,
        ),
        choice_row(
            name="min_score",
            label=texts.MIN_SCORE,
            description=texts.MIN_SCORE_LONG,
            choices=scores,
            current=ClassifyState.min_score,
            on_choose=ClassifyState.choose_min_score,
        ),
        class_name="controls",
    )


def _model_choice() -> rx.Component:
    """Only where there is a choice."""
    options = rx.foreach(HealthState.model_names, lambda name: rx.el.option(name, value=name))
    return rx.cond(
        HealthState.model_names.length() > 1,
        rx.el.label(
            rx.el.span(texts.MODEL_CHOICE),
            rx.el.select(
                options,
                value=ClassifyState.model,
                on_change=ClassifyState.choose_model,
                class_name="select",
                custom_attrs={"data-model-choice": ""},
            ),
            class_name="choice",
        ),
    )


def _done() -> rx.Component:
    def row(item: rx.Var[Row]) -> rx.Component:
        return rx.el.li(
            rx.el.span(item.label, class_name="label"),
            rx.el.span(item.score, class_name="score"),
            rx.el.span(rx.el.span(style={"width": item.width}), class_name="bar", custom_attrs={"aria-hidden": "true"}),
        )

    return rx.el.div(
        rx.cond(
            ClassifyState.rows.length() > 0,
            rx.el.ol(rx.foreach(ClassifyState.rows, row), class_name="labels", custom_attrs={"data-answer": ""}),
            rx.el.div(
                rx.el.p(ClassifyState.none_title, class_name="note-title"),
                rx.el.p(ClassifyState.none_detail),
                class_name="note",
            ),
        ),
        rx.el.div(_timing(), _origin(), class_name="panel-foot"),
        class_name="panel-body done",
    )


def _timing() -> rx.Component:
    def part(share: rx.Var[Share]) -> rx.Component:
        return rx.el.span(style={"flexGrow": share.grow}, custom_attrs={"data-kind": share.kind})

    def figure(share: rx.Var[Share]) -> rx.Component:
        return rx.el.div(
            rx.el.dt(share.name, title=rx.cond(share.kind == "network", texts.NETWORK_LONG, "")),
            rx.el.dd(share.value),
            custom_attrs={"data-kind": share.kind},
        )

    return rx.el.div(
        rx.el.h3(texts.TIMING, class_name="sr-only"),
        rx.el.dl(
            rx.el.div(rx.el.dt(texts.ROUND_TRIP), rx.el.dd(ClassifyState.total_text), class_name="round-trip"),
        ),
        rx.el.div(rx.foreach(ClassifyState.shares, part), class_name="time-bar", custom_attrs={"aria-hidden": "true"}),
        rx.el.dl(rx.foreach(ClassifyState.shares, figure), class_name="times"),
    )


def _origin() -> rx.Component:
    return rx.el.dl(
        rx.el.div(
            rx.el.dt(texts.MODEL_LINE),
            rx.el.dd(
                photo.answer.model,
                rx.cond(ClassifyState.precision != "", rx.el.span(ClassifyState.precision, class_name="tag")),
            ),
        ),
        rx.el.div(
            rx.el.dt(texts.VERSION), rx.el.dd(photo.answer.version, class_name="cut", title=photo.answer.version)
        ),
        rx.el.div(rx.el.dt(texts.REQUEST_ID), rx.el.dd(_request_id(photo.answer.request_id))),
        class_name="origin",
    )


def _request_id(request_id: rx.Var[str]) -> rx.Component:
    return rx.cond(
        request_id != "",
        rx.el.button(
            rx.el.span(request_id, class_name="cut"),
            icon("copy"),
            icon("check", "icon copied"),
            type="button",
            class_name="copy",
            title=texts.COPY_REQUEST_ID,
            aria_label=texts.COPY_REQUEST_ID,
            custom_attrs={"data-copy": request_id, "data-copied-text": texts.COPIED},
        ),
    )


def _trouble(picture: str) -> rx.Component:
    trouble = photo.trouble
    countdown = rx.el.span(
        texts.NEXT_ATTEMPT + " ", rx.el.span(custom_attrs={"data-until": trouble.retry_at_ms}), class_name="clock"
    )
    elapsed = rx.el.span(
        texts.WAITING_FOR + " ", rx.el.span(custom_attrs={"data-since": photo.since_ms}), class_name="clock"
    )
    return rx.el.div(
        icon(picture, "icon note-icon"),
        rx.el.p(trouble.title, class_name="note-title"),
        rx.el.p(trouble.detail),
        rx.cond(photo.status == "waiting", rx.cond(trouble.retry_at_ms > 0, countdown, elapsed)),
        rx.el.div(
            rx.cond(
                trouble.can_retry,
                rx.el.button(
                    icon("again"),
                    rx.cond(photo.status == "waiting", texts.TRY_NOW, texts.TRY_AGAIN),
                    type="button",
                    class_name="button primary",
                    custom_attrs={"data-retry": photo.id},
                ),
            ),
            rx.el.button(texts.CHOOSE_ANOTHER, type="button", class_name="button", custom_attrs={"data-choose": ""}),
            rx.cond(
                photo.status == "waiting",
                rx.el.button(
                    texts.CANCEL, type="button", class_name="button quiet", custom_attrs={"data-remove": photo.id}
                ),
            ),
            class_name="note-actions",
        ),
        rx.cond(
            trouble.code != "",
            rx.el.p(rx.el.code(trouble.code), _request_id(trouble.request_id), class_name="note-code"),
        ),
        class_name="panel-body note",
    )


def _working(text: str) -> rx.Component:
    ghosts = [rx.el.span(class_name="ghost") for _ in range(5)]
    return rx.el.div(
        rx.el.div(*ghosts, class_name="ghosts", custom_attrs={"aria-hidden": "true"}),
        rx.el.p(
            text, " ", rx.el.span(custom_attrs={"data-since": photo.since_ms, "data-after": "1"}), class_name="working"
        ),
        class_name="panel-body busy",
    )


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            *[rx.el.span(class_name="ghost") for _ in range(5)],
            class_name="ghosts",
            custom_attrs={"aria-hidden": "true"},
        ),
        rx.el.div(
            rx.el.p(texts.EMPTY_TITLE, class_name="note-title"),
            rx.el.p(texts.EMPTY_DETAIL),
            class_name="empty-words",
        ),
        rx.cond(
            HealthState.model_name != "",
            rx.el.p(
                texts.READY_MODEL + " ",
                rx.el.strong(HealthState.model_name),
                rx.el.span(HealthState.model_facts),
                class_name="empty-model",
            ),
        ),
        class_name="panel-body empty",
    )
