"""Who may ask, and how often: API keys and a rate limit. Both are off until they are set."""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from fastapi import Request

from serve_app.errors import Forbidden, RateLimited, Unauthenticated
from serve_app.settings import AccessSettings, ApiKey

# Clients that the rate limit remembers; the one that has been quiet for longest is forgotten first.
_MAX_CLIENTS = 10_000


class AccessControl:
    """Checks a request's key and the rate of its client. The rate counts at one replica.

    clock: seconds, monotonic.
    """

    def __init__(self, settings: AccessSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._open = not settings.api_keys and settings.requests_per_s is None
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (tokens, when counted)

    def check(self, request: Request, model: str) -> None:
        """Leaves the client's name in the request's state. Raises Unauthenticated, Forbidden or RateLimited."""
        if self._open:
            return
        client = self.admit(request.headers, request.client.host if request.client else "unknown", model)
        if client is not None:
            request.state.client = client

    def admit(self, headers: Mapping[str, str], host: str, model: str) -> str | None:
        """The name of the client whose key is in the headers, None where no key is asked for; raises as `check` does.

        headers: by names in lower case, or whatever their case. host: the client's address.
        """
        key = self._find_key(headers) if self._settings.api_keys else None
        if key and key.models is not None and model not in key.models:
            raise Forbidden(f"This API key may not use the model {model!r}. Ask the operator for one that may.")
        if self._settings.requests_per_s is not None:
            self._take_token(f"key:{key.client}" if key else f"host:{host}", self._settings.requests_per_s)
        return key.client if key else None

    def _find_key(self, headers: Mapping[str, str]) -> ApiKey:
        scheme, _, sent = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not sent:
            sent = headers.get("x-api-key", "")
        if not sent:
            raise Unauthenticated("Send an API key: Authorization: Bearer <key>.")
        digest = hashlib.sha256(sent.strip().encode()).hexdigest()
        found = None
        for key in self._settings.api_keys:  # every key is compared, so that time says nothing
            if hmac.compare_digest(key.sha256, digest):
                found = key
        if found is None:
            raise Unauthenticated("The API key is not known. Check that it was copied whole.")
        return found

    def _take_token(self, client: str, rate: float) -> None:
        now = self._clock()
        burst = float(self._settings.burst)
        tokens, counted_at = self._buckets.pop(client, (burst, now))
        tokens = min(burst, tokens + (now - counted_at) * rate)
        allowed = tokens >= 1.0
        self._buckets[client] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RateLimited(
                f"This client may send {rate:g} requests a second. Slow down.", retry_after_s=(1.0 - tokens) / rate
            )
