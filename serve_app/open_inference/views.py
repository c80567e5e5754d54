"""The two views of a served model: `<model>` takes encoded images, `<model>_tensor` what a preprocessed photo becomes.

Both run in the same batches of the same model, and both answer `scores`; `logits` can be asked for by name. Why only
one output is listed: docs/decisions/0012-open-inference-protocol.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from serve_app.classifier import Backend, ServedModel
from serve_app.errors import ModelNotFound
from serve_app.open_inference.tensors import BYTES, FP32

VERSION = "1"
TENSOR_SUFFIX = "_tensor"
IMAGE_INPUT, TENSOR_INPUT = "image", "input"
SCORES, LOGITS = "scores", "logits"
OUTPUTS = (SCORES, LOGITS)


@dataclass(frozen=True, slots=True)
class View:
    """A model as this protocol shows it. name: the view's own. takes_tensor: pixels as floats, not encoded images."""

    name: str
    model: ServedModel
    takes_tensor: bool

    @property
    def input_name(self) -> str:
        """Of its only input."""
        return TENSOR_INPUT if self.takes_tensor else IMAGE_INPUT

    @property
    def input_datatype(self) -> str:
        """BYTES or FP32."""
        return FP32 if self.takes_tensor else BYTES

    @property
    def input_dims(self) -> tuple[int, ...]:
        """The shape of one image's input."""
        side = self.model.card.preprocessing.crop_size
        return (3, side, side) if self.takes_tensor else (1,)

    @property
    def ready(self) -> bool:
        """Whether it can answer."""
        return self.model.state == "ready"


def list_views(backend: Backend) -> Sequence[View]:
    """Both views of every served model, the default one first."""
    models = backend.models
    names = {model.name for model in models}
    images = [View(model.name, model, takes_tensor=False) for model in models]
    tensors = [View(model.name + TENSOR_SUFFIX, model, takes_tensor=True) for model in models]
    return [*images, *(view for view in tensors if view.name not in names)]


def find_view(backend: Backend, name: str, version: str = "") -> View:
    """The view of that name. version: "" is any. Raises ModelNotFound."""
    view = next((view for view in list_views(backend) if view.name == name), None)
    if view is None:
        raise ModelNotFound(f"There is no model {name!r} here. POST /v2/repository/index lists those that are.")
    if version not in ("", VERSION):
        raise ModelNotFound(f"The model {name!r} has no version {version!r}, only {VERSION!r}.")
    return view
