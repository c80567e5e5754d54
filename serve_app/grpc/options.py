"""What the operator of the gRPC server may set. Arguments > environment > default."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Options:
    """Frozen; `read_options` makes one."""

    host: str = field(default="127.0.0.1", metadata={"env": "ARGUS_GRPC_HOST"})
    """Address to listen on; 0.0.0.0 for all."""

    port: int = field(default=8001, metadata={"env": "ARGUS_GRPC_PORT"})
    """Port to listen on; 8001 is where Triton's clients expect it."""

    service_url: str = field(default="http://127.0.0.1:8000", metadata={"env": "ARGUS_SERVICE_URL"})
    """Where the service listens."""

    max_message_bytes: int = field(default=64 * MIB, metadata={"env": "ARGUS_GRPC_MAX_MESSAGE_BYTES"})
    """Largest message that a caller may send, in bytes; the service's `limits.max_request_bytes` holds as well."""

    max_pending_bytes: int = field(default=256 * MIB, metadata={"env": "ARGUS_GRPC_MAX_PENDING_BYTES"})
    """Messages of all calls that are under way, in bytes."""

    max_calls: int = field(default=1024, metadata={"env": "ARGUS_GRPC_MAX_CALLS"})
    """Calls that are under way at a time."""

    answer_timeout_s: float = field(default=60.0, metadata={"env": "ARGUS_GRPC_ANSWER_TIMEOUT_S"})
    """Longest wait for the service's answer, in seconds, for callers that set no deadline or a later one."""

    stop_grace_s: float = field(default=20.0, metadata={"env": "ARGUS_GRPC_STOP_GRACE_S"})
    """How long calls that are under way may take when the server stops, in seconds."""

    def __post_init__(self) -> None:
        """Raises ValueError for values that cannot be used."""
        if not 1 <= self.port <= 65535:
            raise ValueError(f"The port is from 1 to 65535, not {self.port}.")
        address = urlsplit(self.service_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"The service's address needs the form http://127.0.0.1:8000, not {self.service_url!r}.")
        for name in ("max_message_bytes", "max_pending_bytes", "max_calls", "answer_timeout_s", "stop_grace_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is above 0, not {getattr(self, name)}.")
        if self.max_message_bytes > self.max_pending_bytes:
            raise ValueError("max_message_bytes is above max_pending_bytes: such a message could never be served.")

    @property
    def address(self) -> str:
        """Where it listens, as gRPC's clients want it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_options(given: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Options:
    """given: by name, None for what was not given. An empty variable counts as not set. Raises ValueError."""
    environ = os.environ if environ is None else environ
    default, values = Options(), dict[str, object]()
    for one in fields(Options):
        variable = environ.get(one.metadata["env"], "")
        if given.get(one.name) is not None:
            values[one.name] = given[one.name]
        elif variable:
            try:
                values[one.name] = type(getattr(default, one.name))(variable)
            except ValueError:
                raise ValueError(f"{one.metadata['env']} is a number, not {variable!r}.") from None
    return Options(**values)  # type: ignore[arg-type]  # by name and type of the fields
