"""The service's health as one browser session sees it: follows the process's watch and passes on changes."""

import time
from uuid import uuid4

import reflex as rx

from reflex_frontend import service, texts
from reflex_frontend.watch import Health

# A follower wakes this often to see whether its browser is still there.
LOOK_UP_S = 20.0
SHOW_RECOVERY_S = 4.0


class HealthState(rx.State):
    """state: "unknown", "ready", "starting" or "unreachable"; since_ms: Unix time at which it became that."""

    status: str = "unknown"
    since_ms: int = 0
    recovered: bool = False
    model_name: str = ""
    model_precision: str = ""
    model_classes: int = 0
    model_names: list[str] = []  # noqa: RUF012 - Reflex copies a var's default for every session
    precisions: dict[str, str] = {}  # noqa: RUF012 - Reflex copies a var's default for every session
    _follower: str = ""

    @rx.event(background=True)
    async def follow_service(self) -> None:
        """Runs while the browser is connected; a reconnected page starts a new one, which ends the one before."""
        me = uuid4().hex
        async with self:
            self._follower = me
            token = self.router.session.client_token
        watch = service.watch()
        seen: Health | None = None
        async with watch.following():
            while _is_connected(token):
                health = watch.health if seen is None else await watch.next(seen, LOOK_UP_S)
                if health == seen:
                    continue
                async with self:
                    if self._follower != me:
                        return
                    came_back = self._take(health)
                seen = health
                if came_back:
                    await watch.next(seen, SHOW_RECOVERY_S)
                    async with self:
                        self.recovered = False

    def _take(self, health: Health) -> bool:
        came_back = health.state == "ready" and self.status in ("starting", "unreachable")
        self.status, self.since_ms, self.recovered = health.state, health.since_ms, came_back
        self.model_names = [model.name for model in health.models]
        self.precisions = {model.name: model.precision for model in health.models}
        model = next((model for model in health.models if model.default), None)
        if model is not None:
            self.model_name, self.model_precision, self.model_classes = model.name, model.precision, model.num_classes
        return came_back

    @rx.var
    def label(self) -> str:
        """The word in the header's chip."""
        return {
            "ready": texts.HEALTH_READY,
            "starting": texts.HEALTH_STARTING,
            "unreachable": texts.HEALTH_UNREACHABLE,
        }.get(self.status, texts.HEALTH_UNKNOWN)

    @rx.var
    def model_facts(self) -> str:
        """The default model in one line, "" while it is not known."""
        if not self.model_name:
            return ""
        return f"{self.model_precision} · {texts.CLASSES.format(count=self.model_classes)}"


def _is_connected(token: str) -> bool:
    """Whether a browser with this session token has a connection to this process."""
    from reflex_frontend.reflex_frontend import app  # that module imports this one

    namespace = app.event_namespace
    return namespace is not None and token in namespace.token_to_sid


def now_ms() -> int:
    """Unix time in milliseconds, as the page's clock reads it."""
    return round(time.time() * 1000)
