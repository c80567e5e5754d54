"""What a load test leaves behind, one JSON object a line: its settings, every request, every look at the service.

All moments are seconds from the begin of the scenario. Everything in the report is made of these lines.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and what came of it.

    due: when it was to be sent; seconds: from then to its last byte, or to when it was given up.
    status: 0 for no answer; retry_after: whether the answer says when to come back.
    reconnects: how often it was sent again because an idle connection had been closed.
    late: seconds from when it was due to when the generator came to send it, which `seconds` includes.
    said: of a failed request, the begin of the answer or why there is none.
    """

    due: float
    seconds: float
    status: int
    retry_after: bool = False
    reconnects: int = 0
    late: float = 0.0
    said: str = ""

    @property
    def done(self) -> float:
        """When its answer was there."""
        return self.due + self.seconds

    @property
    def is_served(self) -> bool:
        """Whether it got its predictions."""
        return self.status == 200

    @property
    def is_refused(self) -> bool:
        """Whether the service said no properly: too much now, and when to come back."""
        return self.status == 429 and self.retry_after

    @property
    def is_failed(self) -> bool:
        """Everything else: no answer, an error, a refusal that does not say when to come back."""
        return not self.is_served and not self.is_refused


@dataclass(frozen=True, slots=True)
class Look:
    """What `/v1/status` said. queued: images that wait; ongoing: requests under way."""

    at: float
    running: int
    starting: int
    stopping: int
    target: int
    queued: int
    ongoing: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """The proportional set size of one process, in MB (1e6 bytes)."""

    at: float
    pid: int
    name: str
    pss_mb: float


@dataclass(frozen=True, slots=True)
class Effort:
    """Processor seconds that were used in the second before `at`: by all replicas together, and by other guests."""

    at: float
    replicas_s: float
    stolen_s: float


@dataclass(slots=True)
class Records:
    """All of a load test; settings: what was asked for, measured first, and known of the machine."""

    settings: dict[str, Any] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    weighings: list[Weighing] = field(default_factory=list)
    efforts: list[Effort] = field(default_factory=list)


# What most requests have nothing of.
_SELDOM = ("retry_after", "reconnects", "late", "said")
_KINDS: Mapping[str, type[Any]] = {"sent": Sent, "look": Look, "weighing": Weighing, "effort": Effort}


def write_records(records: Records, path: Path) -> None:
    """Write the file anew."""
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "settings", **records.settings}) + "\n")
        for kind, items in _list_kinds(records).items():
            for item in items:
                file.write(json.dumps({"kind": kind, **_shorten(asdict(item))}) + "\n")


def read_records(path: Path) -> Records:
    """Raises ValueError when the file is not the record of a load test."""
    records = Records()
    lists = _list_kinds(records)
    try:
        for line in path.read_text("utf-8").splitlines():
            values = json.loads(line)
            kind = values.pop("kind")
            if kind == "settings":
                records.settings = values
            else:
                lists[kind].append(_KINDS[kind](**values))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not the record of a load test: {error}") from error
    if not records.settings:
        raise ValueError(f"{path} does not say what was tested.")
    return records


def _list_kinds(records: Records) -> dict[str, list[Any]]:
    return {
        "sent": records.sent,
        "look": records.looks,
        "weighing": records.weighings,
        "effort": records.efforts,
    }


def _shorten(values: dict[str, Any]) -> dict[str, Any]:
    # A soak is a hundred thousand lines, nearly all of them without anything to say.
    kept = {name: value for name, value in values.items() if name not in _SELDOM or value}
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in kept.items()}
