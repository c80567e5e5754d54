"""What a service said of labelled photos -> shares, classes and confusions. Computes only."""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from serve_app.cli.accuracy import Outcome
from serve_app.cli.labelled import LabelledPhotos

_Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many photos of one class got another as their first answer."""

    class_id: int
    predicted: int
    photos: int


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One class of the labelled photos; top1, top5: numbers of photos; confusions: the most frequent first."""

    class_id: int
    label: str
    photos: int
    top1: int
    top5: int
    confusions: Sequence[Confusion]


@dataclass(frozen=True)
class AccuracyReport:
    """All that was found; labels: the model's, by class id."""

    outcomes: Sequence[Outcome]
    labelled: LabelledPhotos
    labels: Sequence[str]

    @cached_property
    def answered(self) -> list[Outcome]:
        """Of the photos that were classified."""
        return [outcome for outcome in self.outcomes if not outcome.error]

    @cached_property
    def failed(self) -> list[Outcome]:
        """Of those that were not, which count in no share."""
        return [outcome for outcome in self.outcomes if outcome.error]

    @property
    def model(self) -> str:
        """Name and version of what answered; several where the service changed meanwhile."""
        models = dict.fromkeys(f"{o.model.name} {o.model.version}" for o in self.answered if o.model)
        return ", ".join(models)

    @property
    def top1(self) -> float:
        """Share, 0 to 1, whose first answer is right."""
        return self.count(1) / len(self.answered)

    @property
    def top5(self) -> float:
        """Share, 0 to 1, with the right one among the first five."""
        return self.count(5) / len(self.answered)

    def count(self, k: int) -> int:
        """How many photos have the right class among the first k."""
        return sum(1 for outcome in self.answered if outcome.rank is not None and outcome.rank <= k)

    @cached_property
    def classes(self) -> list[ClassResult]:
        """Every class that has photos, the worst first; of equally bad ones that with more photos."""
        by_class: dict[int, list[Outcome]] = {}
        for outcome in self.answered:
            by_class.setdefault(outcome.photo.class_id, []).append(outcome)
        results = [self._judge(class_id, outcomes) for class_id, outcomes in by_class.items()]
        return sorted(results, key=lambda one: (one.top1 / one.photos, -one.photos, one.class_id))

    @property
    def confusions(self) -> list[Confusion]:
        """Every wrong first answer, the most frequent first."""
        every = [confusion for result in self.classes for confusion in result.confusions]
        return sorted(every, key=lambda one: (-one.photos, one.class_id, one.predicted))

    @property
    def document(self) -> dict[str, Any]:
        """For programs; shares from 0 to 1."""
        low, high = interval(self.count(1), len(self.answered))
        return {
            "model": self.model,
            "photos": len(self.answered),
            "top1": self.top1,
            "top1_95_percent_interval": [low, high],
            "top5": self.top5,
            "classes": [
                {
                    "class_id": one.class_id,
                    "label": one.label,
                    "photos": one.photos,
                    "top1": one.top1 / one.photos,
                    "top5": one.top5 / one.photos,
                    "confused_with": [
                        {"class_id": c.predicted, "label": self.labels[c.predicted], "photos": c.photos}
                        for c in one.confusions
                    ],
                }
                for one in self.classes
            ],
            "failed": [{"file": str(one.photo.path), "error": one.error} for one in self.failed],
            "unmatched": [asdict(one) for one in self.labelled.unmatched],
        }

    def write_csv(self, path: Path) -> None:
        """A row for each photo; rank: the place of the right class, empty where it is not among the first five."""
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(
                ("file", "class_id", "label", "predicted_class_id", "predicted_label", "score", "rank", "error")
            )
            for outcome in self.outcomes:
                class_id = outcome.photo.class_id
                top = outcome.predictions[0] if outcome.predictions else None
                said = ("", "", "") if top is None else (top.class_id, top.label, f"{top.score:.6f}")
                rows.writerow(
                    (outcome.photo.path, class_id, self.labels[class_id], *said, outcome.rank or "", outcome.error)
                )

    def _judge(self, class_id: int, outcomes: Sequence[Outcome]) -> ClassResult:
        wrong = Counter(o.predictions[0].class_id for o in outcomes if o.predictions and o.rank != 1)
        return ClassResult(
            class_id,
            self.labels[class_id],
            len(outcomes),
            sum(1 for outcome in outcomes if outcome.rank == 1),
            sum(1 for outcome in outcomes if outcome.rank is not None),
            [Confusion(class_id, predicted, photos) for predicted, photos in wrong.most_common()],
        )


def interval(hits: int, photos: int) -> tuple[float, float]:
    """Between which shares the true one lies in 95 of 100 such measurements (Wilson's score interval)."""
    share, z2 = hits / photos, _Z_95**2
    centre = (share + z2 / (2 * photos)) / (1 + z2 / photos)
    half = _Z_95 / (1 + z2 / photos) * math.sqrt(share * (1 - share) / photos + z2 / (4 * photos**2))
    return max(0.0, centre - half), min(1.0, centre + half)
