"""FastAPI as its documentation sets it up: a lifespan that loads the model, and a plain `def` in its threads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, FastAPI

from benchmarks.peers.model import Answer, TorchModel

_models: dict[str, TorchModel] = {}


@asynccontextmanager
async def _load(_app: FastAPI) -> AsyncIterator[None]:
    _models["classifier"] = TorchModel()
    yield
    _models.clear()


app = FastAPI(lifespan=_load)


@app.post("/classify")
def classify(image: Annotated[bytes, Body(media_type="image/jpeg")]) -> Answer:
    """One JPEG -> the five best labels."""
    return _models["classifier"].classify(image)
