"""The frame around every page: header with navigation, health and theme; banners; the place for the page itself."""

from dataclasses import dataclass

import reflex as rx
from reflex.components.core.banner import has_connection_errors
from reflex.style import set_color_mode
from reflex_components_core.react_router.dom import ReactRouterLink

from reflex_frontend import texts
from reflex_frontend.state.batch import BatchState
from reflex_frontend.state.health import HealthState
from reflex_frontend.view.icons import icon, mark

THEMES = (
    ("light", "sun", texts.THEME_LIGHT),
    ("system", "system", texts.THEME_SYSTEM),
    ("dark", "moon", texts.THEME_DARK),
)


@dataclass(frozen=True)
class NavigationItem:
    """A page that the header leads to."""

    route: str
    name: str


def frame(*content: rx.Component, items: tuple[NavigationItem, ...], current: str) -> rx.Component:
    """A whole page; current: its route."""
    return rx.el.div(
        rx.el.a(texts.SKIP_TO_CONTENT, href="#content", class_name="skip"),
        rx.el.header(
            rx.el.div(
                ReactRouterLink.create(mark(), rx.el.span(texts.PRODUCT), to="/", class_name="brand"),
                _navigation(items, current),
                rx.el.div(_health(), _themes(), class_name="header-side"),
                class_name="wide header-row",
            ),
            class_name="header",
        ),
        _banners(),
        rx.el.main(*content, id="content", class_name="wide main", tab_index=-1),
        rx.el.div(rx.el.p(texts.DROP_ANYWHERE), class_name="drop-anywhere", custom_attrs={"aria-hidden": "true"}),
        class_name="page",
    )


def _navigation(items: tuple[NavigationItem, ...], current: str) -> rx.Component:
    links = [
        ReactRouterLink.create(
            item.name, to=item.route, custom_attrs={"aria-current": "page"} if item.route == current else {}
        )
        for item in items
    ]
    return rx.el.nav(*links, class_name="nav", aria_label=texts.NAVIGATION)


def _health() -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name="dot"),
        rx.el.span(texts.HEALTH, class_name="sr-only"),
        rx.el.span(HealthState.label),
        class_name="health",
        custom_attrs={"data-state": HealthState.status},
    )


def _themes() -> rx.Component:
    def choice(value: str, picture: str, name: str) -> rx.Component:
        return rx.el.button(
            icon(picture),
            type="button",
            title=name,
            aria_label=name,
            custom_attrs={"aria-pressed": rx.cond(rx.color_mode == value, "true", "false")},
            on_click=set_color_mode(value),
        )

    buttons = [choice(*theme) for theme in THEMES]
    return rx.el.div(*buttons, role="group", aria_label=texts.THEME, class_name="themes")


def _banners() -> rx.Component:
    def banner(kind: str, title: str, detail: str = "", clock: dict[str, rx.Var[int]] | None = None) -> rx.Component:
        # Hidden from screen readers, which would read every second of it aloud.
        shown = rx.el.span(class_name="banner-clock", custom_attrs={**(clock or {}), "aria-hidden": "true"})
        return rx.el.div(
            rx.el.p(
                rx.el.strong(title),
                rx.el.span(detail) if detail else rx.fragment(),
                shown if clock else rx.fragment(),
                class_name="wide",
            ),
            class_name="banner",
            custom_attrs={"data-kind": kind},
        )

    since = {"data-since": HealthState.since_ms}
    until = {"data-until": BatchState.retry_at_ms}
    by_photos = rx.cond(
        BatchState.retry_at_ms > 0,
        banner("wait", texts.BANNER_BUSY, texts.BANNER_BUSY_DETAIL, until),
        rx.cond(HealthState.recovered, banner("good", texts.BANNER_RECOVERED), rx.fragment()),
    )
    by_health = rx.match(
        HealthState.status,
        ("starting", banner("wait", texts.BANNER_STARTING, texts.BANNER_STARTING_DETAIL, since)),
        ("unreachable", banner("down", texts.BANNER_UNREACHABLE, texts.BANNER_UNREACHABLE_DETAIL, since)),
        by_photos,
    )
    return rx.el.div(
        rx.cond(has_connection_errors, banner("down", texts.BANNER_OFFLINE, texts.BANNER_OFFLINE_DETAIL), by_health),
        role="status",
        class_name="banners",
    )
