"""The composition of the UI: exposes `app`, which Reflex finds by this module's name, and registers every page.

A new page is one entry in PAGES and one function in `view/`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.app import default_error_boundary

from reflex_frontend import texts
from reflex_frontend.edge import guard
from reflex_frontend.state.api import ApiState
from reflex_frontend.state.classify import ClassifyState
from reflex_frontend.state.compare import CompareState
from reflex_frontend.state.health import HealthState
from reflex_frontend.state.live import LiveState
from reflex_frontend.view.api import api_page
from reflex_frontend.view.classify import classify_page
from reflex_frontend.view.compare import compare_page
from reflex_frontend.view.document import HEAD, Typeface
from reflex_frontend.view.history import history_page
from reflex_frontend.view.live import live_page
from reflex_frontend.view.model import model_page
from reflex_frontend.view.shell import NavigationItem, frame


@dataclass(frozen=True)
class Page:
    """One page; name: in the navigation; on_open: events when it is shown or its connection is back."""

    route: str
    name: str
    title: str
    content: Callable[[], rx.Component]
    on_open: tuple[Any, ...] = ()


PAGES = (
    Page("/", texts.NAV_CLASSIFY, texts.PAGE_TITLE, classify_page, (ClassifyState.open_page,)),
    Page(
        "/compare",
        texts.NAV_COMPARE,
        texts.TITLE.format(page=texts.NAV_COMPARE),
        compare_page,
        (CompareState.open_page,),
    ),
    Page("/history", texts.NAV_HISTORY, texts.TITLE.format(page=texts.NAV_HISTORY), history_page),
    Page("/live", texts.NAV_LIVE, texts.TITLE.format(page=texts.NAV_LIVE), live_page, (LiveState.follow_pulse,)),
    Page("/api", texts.NAV_API, texts.TITLE.format(page=texts.NAV_API), api_page, (ApiState.open_page,)),
    Page("/model", texts.NAV_MODEL, texts.TITLE.format(page=texts.NAV_MODEL), model_page),
)
STYLES = ("tokens", "shell", "classify", "compare", "history", "live", "api", "model")


def _compose() -> rx.App:
    app = rx.App(
        html_lang="en",
        stylesheets=[f"/styles/{name}.css" for name in STYLES],
        reset_style=False,
        head_components=HEAD,
        # The header's banner tells of a lost connection; the stock toast and its library are left out.
        toaster=None,
        app_wraps={(55, "ErrorBoundary"): lambda _: default_error_boundary()},
        extra_app_wraps={(1, "Typeface"): lambda _: Typeface.create()},
        api_transformer=guard,
    )
    items = tuple(NavigationItem(page.route, page.name) for page in PAGES)
    for page in PAGES:
        app.add_page(
            frame(page.content(), items=items, current=page.route),
            route=page.route,
            title=page.title,
            description=texts.PAGE_DESCRIPTION,
            image="/social.jpg",
            on_load=[HealthState.follow_service, *page.on_open],
        )
    return app


app = _compose()
