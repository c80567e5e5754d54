"""FastAPI as lean as it gets: the raw body, the model in a thread of its own, orjson; run by uvicorn with workers."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import orjson
from fastapi import FastAPI, Request, Response

from benchmarks.peers.model import OpenVinoModel


@asynccontextmanager
async def _load(app: FastAPI) -> AsyncIterator[None]:
    app.state.model = OpenVinoModel()
    with ThreadPoolExecutor(max_workers=1) as app.state.pool:
        yield


app = FastAPI(lifespan=_load)


@app.post("/classify")
async def classify(request: Request) -> Response:
    """One JPEG -> the five best labels."""
    image = await request.body()
    state = request.app.state
    answer = await asyncio.get_running_loop().run_in_executor(state.pool, state.model.classify, image)
    return Response(orjson.dumps(answer), media_type="application/json")
