"""BentoML with OpenVINO: one service, one API that takes the image as its body, no batches."""

import bentoml
from PIL import Image

from benchmarks.peers.model import Answer, Given, OpenVinoModel

ImageInput = Image.Image


@bentoml.service(workers=Given.read().workers)
class Classifier:
    """A worker holds one model and uses it in one thread."""

    def __init__(self) -> None:
        self.model = OpenVinoModel()

    @bentoml.api
    def classify(self, image: ImageInput, /) -> Answer:
        """One JPEG -> the five best labels."""
        return self.model.classify_opened(image)
