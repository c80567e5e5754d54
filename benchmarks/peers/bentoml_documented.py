"""BentoML as its documentation sets it up: a plain torch service with several workers.

Not batched: that is opt-in, and takes lists, so that for one image a request a second service has to stand in front.
"""

import bentoml
from PIL import Image

from benchmarks.peers.model import Answer, Given, TorchModel

ImageInput = Image.Image


@bentoml.service(workers=Given.read().workers)
class Classifier:
    """A worker holds one model and uses it in one thread."""

    def __init__(self) -> None:
        self.model = TorchModel()

    @bentoml.api
    def classify(self, image: ImageInput, /) -> Answer:
        """One JPEG -> the five best labels."""
        return self.model.classify_batch([self.model.prepare_opened(image)])[0]
