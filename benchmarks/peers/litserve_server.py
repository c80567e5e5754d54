"""LitServe: python -m benchmarks.peers.litserve_server openvino|documented.

Documented: batches, as its guide to faster serving advises.
"""

import sys
from typing import Annotated, Any

import litserve
from fastapi import Body

from benchmarks.peers.model import Answer, Given, OpenVinoModel, TorchModel

Jpeg = Annotated[bytes, Body(media_type="image/jpeg")]


class OpenVinoApi(litserve.LitAPI):
    """No batches: on a CPU they gain nothing."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe calls it so
        """Load the model in a worker."""
        self.model = OpenVinoModel()

    def decode_request(self, request: Jpeg) -> bytes:
        """The body as it came."""
        return request

    def predict(self, image: bytes) -> Answer:
        """Decode and infer."""
        return self.model.classify(image)

    def encode_response(self, output: Answer) -> Answer:
        """JSON is made by LitServe."""
        return output


class DocumentedApi(litserve.LitAPI):
    """Torch, batched."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe calls it so
        """Load the model in a worker."""
        self.model = TorchModel()

    def decode_request(self, request: Jpeg) -> Any:
        """A body -> a tensor, in the worker."""
        return self.model.prepare(request)

    def batch(self, inputs: list[Any]) -> list[Any]:
        """Tensors of several requests, stacked by the model."""
        return inputs

    def predict(self, batch: list[Any]) -> list[Answer]:
        """One call of the model."""
        return self.model.classify_batch(batch)

    def unbatch(self, output: list[Answer]) -> list[Answer]:
        """One answer for each request."""
        return output

    def encode_response(self, output: Answer) -> Answer:
        """JSON is made by LitServe."""
        return output


def main(variant: str) -> None:
    """Serve until a signal comes."""
    given = Given.read()
    is_lean = variant == "openvino"
    api = OpenVinoApi() if is_lean else DocumentedApi(max_batch_size=16, batch_timeout=0.01)
    # The queue between its servers and workers that is not the default: it saves a millisecond a request.
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=given.workers, fast_queue=is_lean)
    server.run(host="127.0.0.1", port=given.port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1])
