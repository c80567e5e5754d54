"""The stand-in service's `/v1/status`: computed from what it answered, with parts set by a test on demand."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

WINDOW_S = 5


@dataclass
class Scale:
    """Replicas as a test wants them shown."""

    running: int = 1
    starting: int = 0
    stopping: int = 0
    target: int = 1
    most: int = 4


@dataclass
class Ledger:
    """What was answered, and what of the status a test has set; known: whether there is a status at all."""

    known: bool = True
    scale: Scale = field(default_factory=Scale)
    # Figures that stand instead of those counted: requests_per_s, ongoing, latency_ms and so on.
    shown: dict[str, Any] = field(default_factory=dict)
    ongoing: int = 0
    # Time, status and duration in seconds of each answer.
    answered: list[tuple[float, int, float]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrive(self) -> float:
        """A request came; gives its time for `leave`."""
        with self._lock:
            self.ongoing += 1
        return time.monotonic()

    def leave(self, arrived: float, status: int) -> None:
        """It was answered."""
        now = time.monotonic()
        with self._lock:
            self.ongoing -= 1
            self.answered.append((now, status, now - arrived))

    def describe(self) -> dict[str, Any]:
        """The status document."""
        now = time.monotonic()
        with self._lock:
            answered, ongoing = list(self.answered), self.ongoing
        recent = [item for item in answered if now - item[0] <= WINDOW_S]
        good, refused, errors = (_split(recent, number) for number in range(3))
        seconds = sorted(item[2] for item in good)
        scale = self.scale
        replicas = {
            "running": scale.running,
            "starting": scale.starting,
            "stopping": scale.stopping,
            "target": scale.target,
        }
        total = [len(_split(answered, number)) for number in range(3)]
        return {
            "replicas": replicas,
            "ongoing": ongoing,
            "queued": max(0, ongoing - scale.running),
            "requests_per_s": len(good) / WINDOW_S,
            "images_per_s": len(good) / WINDOW_S,
            "refused_per_s": len(refused) / WINDOW_S,
            "errors_per_s": len(errors) / WINDOW_S,
            "offered_per_s": len(recent) / WINDOW_S,
            "latency_ms": {
                name: 1000 * seconds[int(share * len(seconds))] if seconds else None
                for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
            },
            "window_s": WINDOW_S,
            "totals": {
                "requests": total[0],
                "images": total[0],
                "refused": total[1],
                "client_errors": 0,
                "server_errors": total[2],
            },
            "uptime_s": now - self.began,
            "complete": True,
            "deployments": [{"name": "ImageClassifier", **replicas, "min": 1, "max": scale.most}],
            **self.shown,
        }


def _split(answers: list[tuple[float, int, float]], number: int) -> list[tuple[float, int, float]]:
    # 0: answered, 1: refused, 2: failed.
    def kind(status: int) -> int:
        return 0 if status < 400 else 1 if status == 429 else 2

    return [item for item in answers if kind(item[1]) == number]
