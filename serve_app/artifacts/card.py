"""What an exported model says of itself."""

from dataclasses import asdict, dataclass
from typing import Any

from serve_app.artifacts.calibration import Quantisation
from serve_app.catalog.accuracy import Accuracy
from serve_app.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What an artifact says of itself.

    version: the first 12 hexadecimal digits of the artifact's digest.
    labels: one per class, in the order of the logits.
    quantisation: of an int8 model only.
    published: the accuracy that whoever trained the weights says they have.
    """

    name: str
    weights: str
    version: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    runtime: str
    precision: str
    license: str
    source: str
    num_parameters: int
    quantisation: Quantisation | None = None
    published: Accuracy | None = None

    @property
    def num_classes(self) -> int:
        """How many logits the model returns for an image."""
        return len(self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "name": self.name,
            "weights": self.weights,
            "version": self.version,
            "labels": list(self.labels),
            "preprocessing": self.preprocessing.to_dict(),
            "runtime": self.runtime,
            "precision": self.precision,
            "license": self.license,
            "source": self.source,
            "num_parameters": self.num_parameters,
            "quantisation": None if self.quantisation is None else asdict(self.quantisation),
            "published": None if self.published is None else self.published.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelCard":
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        text = {key: str(values[key]) for key in ("name", "weights", "version", "runtime", "precision")}
        # A card may be older than these fields.
        quantisation, published = values.get("quantisation"), values.get("published")
        return cls(
            **text,
            labels=tuple(str(label) for label in values["labels"]),
            preprocessing=Preprocessing.from_dict(values["preprocessing"]),
            license=str(values["license"]),
            source=str(values["source"]),
            num_parameters=int(values["num_parameters"]),
            quantisation=None if quantisation is None else Quantisation.from_dict(quantisation),
            published=None if published is None else Accuracy.from_dict(published),
        )
