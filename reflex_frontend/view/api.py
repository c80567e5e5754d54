"""The API page: the request's address, code for it, a try, and the tables of what the service takes and answers."""

import reflex as rx

from reflex_frontend.snippets import LANGUAGES, TASKS
from reflex_frontend.state.api import TOP_K_CHOICES, ApiState
from reflex_frontend.texts import api as texts
from reflex_frontend.view.attempt import attempt
from reflex_frontend.view.code import code_block, copy_button
from reflex_frontend.view.controls import choice_row
from reflex_frontend.view.reference import reference
from reflex_frontend.view.selection import selection


def api_page() -> rx.Component:
    """The content between header and end."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.h1(texts.HEADLINE), rx.el.p(texts.LEAD)),
            rx.el.p(
                _link(texts.REFERENCE, "docs", texts.REFERENCE_LONG),
                _link(texts.DESCRIPTION, "openapi.json", texts.DESCRIPTION_LONG),
                class_name="api-links",
            ),
            class_name="intro api-intro",
        ),
        _target(),
        _samples(),
        attempt(),
        reference(),
        class_name="api",
    )


def _link(name: str, path: str, hint: str) -> rx.Component:
    return rx.el.a(name, href=f"{ApiState.address}/{path}", title=hint, target="_blank", rel="noreferrer")


def _target() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.span(texts.POST, class_name="method"),
            rx.el.code(ApiState.url, class_name="url"),
            copy_button(ApiState.url, label=texts.COPY_ADDRESS),
            class_name="address",
        ),
        rx.el.div(
            rx.cond(
                ApiState.models.length() > 1,
                selection(
                    label=texts.MODEL,
                    options=ApiState.models,
                    current=ApiState.model_value,
                    on_choose=ApiState.choose_model,
                ),
            ),
            choice_row(
                name="api_top_k",
                label=texts.TOP_K,
                description=texts.TOP_K_LONG,
                choices=[(value, value) for value in TOP_K_CHOICES],
                current=ApiState.top_k,
                on_choose=ApiState.choose_top_k,
            ),
            class_name="controls",
        ),
        class_name="target",
        aria_label=texts.ADDRESS,
    )


def _samples() -> rx.Component:
    return rx.el.section(
        rx.el.h2(texts.SAMPLES, class_name="sr-only"),
        rx.el.div(
            rx.el.div(
                *[_tab(language) for language in LANGUAGES],
                role="tablist",
                aria_label=texts.LANGUAGES,
                class_name="tabs",
            ),
            copy_button(ApiState.sample, label=texts.COPY_SAMPLE, words=texts.COPY, copied=texts.COPIED),
            class_name="desk-head",
        ),
        rx.el.div(
            rx.el.fieldset(
                rx.el.legend(texts.TASKS, class_name="sr-only"),
                *[_task(task) for task in TASKS],
                class_name="rail",
            ),
            rx.el.div(
                code_block(ApiState.sample_pieces, label=texts.CODE),
                rx.el.p(ApiState.note, class_name="desk-note"),
                id="sample",
                role="tabpanel",
                class_name="desk-body",
                custom_attrs={"aria-labelledby": f"tab-{ApiState.language}"},
            ),
            class_name="desk-columns",
        ),
        class_name="desk",
    )


def _tab(language: str) -> rx.Component:
    selected = ApiState.language == language
    return rx.el.button(
        texts.LANGUAGE_NAMES[language],
        type="button",
        role="tab",
        id=f"tab-{language}",
        tab_index=rx.cond(selected, 0, -1),
        custom_attrs={"aria-selected": rx.cond(selected, "true", "false"), "aria-controls": "sample"},
        on_click=ApiState.choose_language(language),
    )


def _task(task: str) -> rx.Component:
    name, detail = texts.TASK_NAMES[task]
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="api_task",
            value=task,
            checked=ApiState.task == task,
            on_change=lambda _: ApiState.choose_task(task),
        ),
        rx.el.span(rx.el.strong(name), rx.el.span(detail)),
        class_name="rail-choice",
    )
