"""The API page's tables: endpoints, parameters, errors. All words, no state."""

import re
from collections.abc import Iterable

import reflex as rx

from reflex_frontend.texts import api as texts


def reference() -> rx.Component:
    """The sections after the samples."""
    return rx.fragment(
        _section(
            texts.ENDPOINTS_TITLE,
            _table(
                (texts.ENDPOINT, texts.PURPOSE),
                [(_endpoint(method, path), purpose) for method, path, purpose in texts.ENDPOINTS],
            ),
        ),
        _section(
            texts.PROTOCOLS_TITLE,
            rx.el.p(texts.PROTOCOLS_LEAD),
            _table(
                (texts.ADDRESS_OF, texts.CLIENTS),
                [(rx.el.code(*_cut_path(path)), clients) for path, clients in texts.PROTOCOLS],
            ),
        ),
        _section(
            texts.PARAMETERS_TITLE,
            _table(
                (texts.PARAMETER, texts.RANGE, texts.MEANING),
                [(rx.el.code(name), values, meaning) for name, values, meaning in texts.PARAMETERS],
            ),
            rx.el.p(texts.BODIES),
            rx.el.p(texts.KEYS),
        ),
        _section(
            texts.ERRORS_TITLE,
            rx.el.p(texts.ERRORS_LEAD),
            _table(
                (texts.ERROR, texts.WHAT_TO_DO),
                [(_error(status, code), what_to_do) for status, code, what_to_do in texts.ERRORS],
            ),
        ),
    )


def _section(title: str, *content: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h2(title), rx.el.div(*content), class_name="reference")


def _table(heads: Iterable[str], rows: Iterable[tuple[rx.Component | str, ...]]) -> rx.Component:
    return rx.el.table(
        rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
        rx.el.tbody(*[rx.el.tr(*[rx.el.td(cell) for cell in row]) for row in rows]),
        class_name="table",
    )


def _endpoint(method: str, path: str) -> rx.Component:
    return rx.fragment(rx.el.span(method, class_name="method"), rx.el.code(*_cut_path(path)))


def _cut_path(path: str) -> list[rx.Component | str]:
    # A narrow window may break the path before a slash and nowhere else.
    return [part for piece in re.findall(r"/[^/]*", path) for part in (piece, rx.el.wbr())]


def _error(status: str, code: str) -> rx.Component:
    return rx.fragment(rx.el.span(status, class_name="method"), rx.el.code(code))
