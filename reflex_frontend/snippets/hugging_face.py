"""Python with Hugging Face's own client. `<MARKS>` are filled in by the package."""

ONE = """
from huggingface_hub import InferenceClient

client = InferenceClient(model=<HUGGING_FACE_URL>)

for element in client.image_classification("photo.jpg", top_k=<TOP_K>):
    print(f"{element.score:6.1%}  {element.label}")
"""

SEVERAL = """
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

client = InferenceClient(model=<HUGGING_FACE_URL>)

# This client sends one photo at a time.
for name in ["first.jpg", "second.jpg"]:
    try:
        elements = client.image_classification(name, top_k=<TOP_K>)
    except HfHubHTTPError as error:
        print(name, error.response.status_code, error.response.json()["error"])
    else:
        print(name, elements[0].label)
"""

BASE64 = """
import base64
from pathlib import Path

from huggingface_hub import InferenceClient

# The client takes bytes, and sends base64 by itself.
text = base64.b64encode(Path("photo.jpg").read_bytes())
photo = base64.b64decode(text)

client = InferenceClient(model=<HUGGING_FACE_URL>)

for element in client.image_classification(photo, top_k=<TOP_K>):
    print(f"{element.score:6.1%}  {element.label}")
"""

ERRORS = """
import time

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

client = InferenceClient(model=<HUGGING_FACE_URL>)

for attempt in range(6):
    try:
        print(client.image_classification("photo.jpg", top_k=<TOP_K>))
        break
    except HfHubHTTPError as error:
        response = error.response
        if response.status_code not in (429, 503) or attempt == 5:
            raise SystemExit(f"{response.status_code}: {response.json()['error']}")
        time.sleep(float(response.headers.get("Retry-After", 1)))
"""
