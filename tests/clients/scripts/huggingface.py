"""Drives huggingface_hub, in the environment of the clients; see `tests/e2e/test_dropins.py`.

In: {"url", "photo": path, "model", "keyed_url", "key": of another model}. Out: what the client made of the answers.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from huggingface_hub import AsyncInferenceClient, InferenceClient
from huggingface_hub.errors import HfHubHTTPError


def read(elements: Any) -> list[tuple[str, float]]:
    return [(element.label, element.score) for element in elements]


def find_error(url: str, photo: Any, token: str | None = None, **parameters: Any) -> dict[str, Any]:
    """The error that the client raises, by its kind, its status and what it tells a person."""
    try:
        InferenceClient(model=url, token=token).image_classification(photo, **parameters)
    except HfHubHTTPError as error:
        retry_after = error.response.headers.get("Retry-After")
        kind = type(error).__name__
        return {"kind": kind, "status": error.response.status_code, "text": str(error), "retry after": retry_after}
    return {}


def main() -> None:
    argument = json.load(sys.stdin)
    url, path = f"{argument['url']}/huggingface", argument["photo"]
    photo = Path(path).read_bytes()
    client = InferenceClient(model=url)
    answers = {
        "bytes": client.image_classification(photo),
        "path": client.image_classification(path),
        "path object": client.image_classification(Path(path)),
        "with parameters": client.image_classification(photo, top_k=3, function_to_apply="softmax"),
        "model by name": InferenceClient().image_classification(photo, model=f"{url}/{argument['model']}", top_k=3),
        "asynchronous": asyncio.run(AsyncInferenceClient(model=url).image_classification(path, top_k=3)),
    }
    errors = {
        "no photo": find_error(url, b"plain text"),
        "damaged": find_error(url, photo[:5000]),
        "no model": find_error(f"{url}/nobody", photo),
        "no key": find_error(f"{argument['keyed_url']}/huggingface", photo),
        "key of another model": find_error(f"{argument['keyed_url']}/huggingface", photo, token=argument["key"]),
        "bad parameter": find_error(url, photo, top_k=0),
        "stopping": find_error(f"{argument['url']}/stopping/huggingface", photo),
    }
    json.dump({"answers": {name: read(answer) for name, answer in answers.items()}, "errors": errors}, sys.stdout)


if __name__ == "__main__":
    main()
