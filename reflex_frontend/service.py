"""What the sessions of one process share: the client, the watch on the service's health, its pulse, the load on it.

Made on first use and never at import: the workers are forked after the application was imported, and connections must
not be shared between processes.
"""

from functools import cache

from argus_client import AsyncArgusClient
from reflex_frontend import settings
from reflex_frontend.building import CLIENT
from reflex_frontend.load import LoadSource
from reflex_frontend.pulse import ServicePulse
from reflex_frontend.watch import ServiceWatch

PROBE_TIMEOUT_S = 2.0
# Longer than a busy service takes to say what it does: no answer is drawn as one that went away.
STATUS_TIMEOUT_S = 5.0
LOAD_TIMEOUT_S = 15.0


@cache
def limits() -> settings.Settings:
    """The settings, read once a process."""
    return settings.read()


@cache
def client() -> AsyncArgusClient:
    """For photos; no retries of its own, since the page shows every wait and every attempt."""
    return AsyncArgusClient(limits().service_url, timeout_s=limits().answer_timeout_s, retries=0)


@cache
def watch() -> ServiceWatch:
    """For health; its own client, so that a full connection pool never looks like a sick service."""
    probe = AsyncArgusClient(limits().service_url, timeout_s=PROBE_TIMEOUT_S, retries=0)
    return ServiceWatch(probe, limits().probe_interval_s)


@cache
def pulse() -> ServicePulse:
    """For the live page; its own client, as for health."""
    probe = AsyncArgusClient(limits().service_url, timeout_s=STATUS_TIMEOUT_S, retries=0)
    return ServicePulse(probe, limits().status_interval_s)


@cache
def load() -> LoadSource:
    """The one load that this process may send; its photos are the page's examples."""
    photos = [path.read_bytes() for path in sorted((CLIENT / "examples").glob("*.jpg")) if "-small" not in path.stem]
    return LoadSource(lambda: AsyncArgusClient(limits().service_url, timeout_s=LOAD_TIMEOUT_S, retries=0), photos)
