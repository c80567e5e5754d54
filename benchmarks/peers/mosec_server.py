"""mosec: python -m benchmarks.peers.mosec_server openvino|documented --address HOST --port PORT.

Documented: dynamic batches, as its examples of vision models have them. mosec reads address and port itself.
"""

import sys
from typing import Any

from mosec import Server, Worker

from benchmarks.peers.model import Answer, Given, OpenVinoModel, TorchModel


class OpenVinoWorker(Worker):
    """One image at a time: on a CPU batches gain nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.model = OpenVinoModel()

    def deserialize(self, data: bytes) -> bytes:
        """The body as it came."""
        return data

    def forward(self, data: bytes) -> Answer:
        """Decode and infer."""
        return self.model.classify(data)


class DocumentedWorker(Worker):
    """Torch, batched."""

    def __init__(self) -> None:
        super().__init__()
        self.model = TorchModel()

    def deserialize(self, data: bytes) -> Any:
        """A body -> a tensor."""
        return self.model.prepare(data)

    def forward(self, data: list[Any]) -> list[Answer]:
        """One call of the model."""
        return self.model.classify_batch(data)


def main(variant: str) -> None:
    """Serve until a signal comes."""
    workers = Given.read().workers
    server = Server()
    if variant == "openvino":
        server.append_worker(OpenVinoWorker, num=workers)
    else:
        server.append_worker(DocumentedWorker, num=workers, max_batch_size=16)
    server.run()


if __name__ == "__main__":
    main(sys.argv[1])
