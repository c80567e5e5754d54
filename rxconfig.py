"""Reflex reads its settings here; what the operator of the UI sets is in `reflex_frontend.settings`."""

import os

import reflex as rx

from reflex_frontend.building import BAKED_URL, FONT, FONT_VERSION, SameOrigin
from reflex_frontend.first_load import FirstLoad

config = rx.Config(
    app_name="reflex_frontend",
    # Loopback and one port; `python -m reflex_frontend.production` sets others.
    backend_host="127.0.0.1",
    frontend_port=3000,
    backend_port=3000,
    # Baked into the page and replaced there by the page's own address, so a built page works wherever it is served.
    api_url=BAKED_URL,
    # The page and its server have one origin; `reflex_frontend.edge` refuses requests and sessions of others.
    cors_allowed_origins=[],
    frontend_packages=[f"{FONT}@{FONT_VERSION}"],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[SameOrigin(), FirstLoad()],
    disable_plugins=[rx.plugins.SitemapPlugin],
    # Sessions in memory: nothing about a photo is written to disk. With Redis, Reflex chooses by itself.
    **({} if os.environ.get("REFLEX_REDIS_URL") else {"state_manager_mode": rx.constants.StateManagerMode.MEMORY}),
)
