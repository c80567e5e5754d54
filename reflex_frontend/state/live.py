"""The live page's session: follows the pulse of the service while the page is shown, starts and stops the load."""

from uuid import uuid4

import reflex as rx

from reflex_frontend import readings, service
from reflex_frontend.load import Plan
from reflex_frontend.load_report import LoadReport, report
from reflex_frontend.readings import Readings
from reflex_frontend.state.health import LOOK_UP_S, _is_connected, now_ms
from reflex_frontend.texts import live as texts

ROUTE = "/live"
CONNECTION_CHOICES = ("4", "16", "64")
SECONDS_CHOICES = ("10", "30", "60")


class LiveState(rx.State):
    """What the instruments show, and the controls of the load."""

    readings: Readings = Readings()
    load: LoadReport = LoadReport()
    load_is_off: bool = False
    connections: str = "16"
    seconds: str = "30"
    announcement: str = ""
    _follower: str = ""

    @rx.event(background=True)
    async def follow_pulse(self) -> None:
        """Runs while the page is shown; one that is shown again starts a new one, which ends the one before."""
        me = uuid4().hex
        async with self:
            self._follower = me
            self.load_is_off = not service.limits().may_send_load
            token = self.router.session.client_token
        pulse = service.pulse()
        seen = 0
        async with pulse.following(token):
            while _is_connected(token):
                found = pulse.pulse if not seen and pulse.pulse.number else await pulse.next(seen, LOOK_UP_S)
                seen, shown = found.number, readings.read(found)
                async with self:
                    if self._follower != me or self.router.url.path.rstrip("/") != ROUTE:
                        return
                    self._show(shown)
                    self._show_load()

    @rx.event
    def choose_connections(self, choice: str) -> None:
        """How many requests at a time."""
        if choice in CONNECTION_CHOICES:
            self.connections = choice

    @rx.event
    def choose_seconds(self, choice: str) -> None:
        """For how long."""
        if choice in SECONDS_CHOICES:
            self.seconds = choice

    @rx.event
    async def switch_load(self, seen: str) -> None:
        """The button: ends a load, whoever began it, or begins one. seen: the load's state when it was pressed."""
        load = service.load()
        if seen == "sending":
            load.stop()
            await load.wait()
        elif service.limits().may_send_load:
            token = self.router.session.client_token
            plan = Plan(int(self.connections), float(self.seconds))
            load.start(plan, lambda: service.pulse().is_followed_by(token))
        self._show_load()

    def _show(self, shown: Readings) -> None:
        if shown.state == "answering" and (shown.running, shown.of_target) != (
            self.readings.running,
            self.readings.of_target,
        ):
            self.announcement = texts.SAID_REPLICAS.format(running=shown.running, of_target=shown.of_target)
        self.readings = shown

    def _show_load(self) -> None:
        shown = report(service.load().progress, now_ms())
        if shown.state != self.load.state:
            self.announcement = f"{shown.title}. {shown.counts}." if shown.title else ""
        self.load = shown
