"""Ray Serve in its documentation's style: FastAPI ingress, `@serve.batch`, the default proxy, eager torch."""

import signal
from types import FrameType

from fastapi import FastAPI, Request
from ray import serve

from benchmarks.peers.model import Answer, Given, TorchModel

app = FastAPI()


@serve.deployment(ray_actor_options={"num_cpus": 1})
@serve.ingress(app)
class Classifier:
    """A replica holds one model."""

    def __init__(self) -> None:
        self.model = TorchModel()

    @serve.batch
    async def classify_batch(self, images: list[bytes]) -> list[Answer]:
        """Several requests in one call of the model; the decorator's own size and wait."""
        return self.model.classify_batch([self.model.prepare(image) for image in images])

    @app.post("/classify")
    async def classify(self, request: Request) -> Answer:
        """One JPEG -> the five best labels."""
        answer: Answer = await self.classify_batch(await request.body())
        return answer


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Serve until a signal comes; SIGTERM ends it as Ctrl-C does."""
    given = Given.read()
    signal.signal(signal.SIGTERM, _interrupt)
    serve.start(http_options={"host": "127.0.0.1", "port": given.port})
    serve.run(Classifier.options(num_replicas=given.workers).bind(), blocking=True)


if __name__ == "__main__":
    main()
