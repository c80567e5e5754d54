"""Python with httpx alone. `<MARKS>` are filled in by the package."""

ONE = """
from pathlib import Path

import httpx

response = httpx.post(
    <PLAIN_URL>,
    params={"top_k": <TOP_K>},
    headers={"Content-Type": "image/jpeg"},
    content=Path("photo.jpg").read_bytes(),
    timeout=30,
)
response.raise_for_status()

(result,) = response.json()["results"]
for prediction in result["predictions"]:
    print(f"{prediction['score']:6.1%}  {prediction['label']}")
"""

SEVERAL = """
from pathlib import Path

import httpx

names = ["first.jpg", "second.jpg"]

response = httpx.post(
    <PLAIN_URL>,
    params={"top_k": <TOP_K>},
    files=[("file", (name, Path(name).read_bytes())) for name in names],
    timeout=30,
)
response.raise_for_status()

# A photo that failed has an error in the place of its predictions.
for result in response.json()["results"]:
    if "error" in result:
        print(result["filename"], result["error"]["code"])
    else:
        print(result["filename"], result["predictions"])
"""

BASE64 = """
import base64
from pathlib import Path

import httpx

image = base64.b64encode(Path("photo.jpg").read_bytes()).decode()

response = httpx.post(
    <PLAIN_URL>,
    params={"top_k": <TOP_K>},
    json={"images": [image]},
    timeout=30,
)
response.raise_for_status()

for result in response.json()["results"]:
    print(result["predictions"])
"""

ERRORS = """
import time
from pathlib import Path

import httpx

photo = Path("photo.jpg").read_bytes()

for attempt in range(6):
    response = httpx.post(
        <PLAIN_URL>,
        params={"top_k": <TOP_K>},
        content=photo,
        timeout=30,
    )
    if response.status_code not in (429, 503) or attempt == 5:
        break
    time.sleep(float(response.headers.get("Retry-After", 1)))

answer = response.json()
if response.is_error:
    raise SystemExit(f"{answer['code']}: {answer['detail']} ({answer['request_id']})")
print(answer["results"])
"""
