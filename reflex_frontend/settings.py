"""What the operator of the UI may set: environment variables, read when asked for and never at import.

Command line > environment > default; `production` turns its arguments into these variables before the workers start.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from urllib.parse import urlsplit

MIB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Frozen; `read` makes one from the environment and raises ValueError naming a variable that cannot be used."""

    service_url: str = field(default="http://127.0.0.1:8000", metadata={"env": "ARGUS_SERVICE_URL"})
    """Where the classifier service listens."""

    public_service_url: str = field(default="", metadata={"env": "ARGUS_UI_PUBLIC_SERVICE_URL"})
    """The service's address as people reach it, shown on the API page; empty: `service_url`."""

    answer_timeout_s: float = field(default=30.0, metadata={"env": "ARGUS_UI_ANSWER_TIMEOUT_S"})
    """Longest wait for one answer, in seconds."""

    probe_interval_s: float = field(default=2.0, metadata={"env": "ARGUS_UI_PROBE_INTERVAL_S"})
    """Pause between two looks at the service's health, in seconds."""

    status_interval_s: float = field(default=1.0, metadata={"env": "ARGUS_UI_STATUS_INTERVAL_S"})
    """Pause between two looks at what the service does, in seconds, while a live page is open."""

    allow_load: bool = field(default=False, metadata={"env": "ARGUS_UI_ALLOW_LOAD"})
    """Whether the live page may send load to a service on another machine: 1 or 0. To this machine it always may."""

    max_upload_bytes: int = field(default=10 * MIB, metadata={"env": "ARGUS_UI_MAX_UPLOAD_BYTES"})
    """Largest photo that the page takes, in bytes."""

    pending_bytes: int = field(default=256 * MIB, metadata={"env": "ARGUS_UI_PENDING_BYTES"})
    """Memory for photos on their way through this server, in bytes, for each worker."""

    allowed_origins: tuple[str, ...] = field(default=(), metadata={"env": "ARGUS_UI_ALLOWED_ORIGINS"})
    """Origins, comma separated, that may open a session beside the page's own address."""

    @property
    def may_send_load(self) -> bool:
        """Whether the live page may send load to the service."""
        return self.allow_load or _is_loopback(urlsplit(self.service_url).hostname or "")

    @property
    def shown_service_url(self) -> str:
        """The address that people are told to use."""
        return self.public_service_url or self.service_url


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; an empty variable counts as not set."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for setting in fields(Settings):
        name = setting.metadata["env"]
        text = environ.get(name, "").strip()
        if text:
            values[setting.name] = _parse(name, text, setting.default)
    return Settings(**values)  # type: ignore[arg-type]  # _parse gives each value its default's type


def _parse(name: str, text: str, default: object) -> object:
    if isinstance(default, tuple):
        return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if isinstance(default, str):
        if not text.startswith(("http://", "https://")):
            raise ValueError(f"{name} must start with http:// or https://, not {text!r}")
        return text.rstrip("/")
    if isinstance(default, bool):
        if text not in ("0", "1"):
            raise ValueError(f"{name} must be 1 or 0, not {text!r}")
        return text == "1"
    kind = type(default)
    try:
        number = kind(text)  # type: ignore[call-arg]  # int or float here
    except ValueError:
        raise ValueError(f"{name} must be a number, not {text!r}") from None
    if not number > 0:  # type: ignore[operator]  # int or float here
        raise ValueError(f"{name} must be above zero, not {text!r}")
    return number


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
