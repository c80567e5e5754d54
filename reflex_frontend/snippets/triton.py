"""Python with Triton's own client. `<MARKS>` are filled in by the package."""

_ASK = """
image = triton.InferInput("image", photos.shape, "BYTES")
image.set_data_from_numpy(photos)
scores = triton.InferRequestedOutput("scores", class_count=<TOP_K>)

client = triton.InferenceServerClient(<TRITON_SERVER>)
answer = client.infer(<MODEL>, [image], outputs=[scores])
"""

_SHOW = """
# A class is its score, its number and its label.
for line in answer.as_numpy("scores")[0]:
    score, class_id, label = line.decode().split(":", 2)
    print(f"{float(score):6.1%}  {label}")
"""

ONE = f"""
from pathlib import Path

import numpy as np
import tritonclient.http as triton

photos = np.array([[Path("photo.jpg").read_bytes()]], dtype=object)
{_ASK}{_SHOW}"""

SEVERAL = f"""
from pathlib import Path

import numpy as np
import tritonclient.http as triton

names = ["first.jpg", "second.jpg"]
photos = np.array([[Path(name).read_bytes()] for name in names], dtype=object)
{_ASK}
# One photo that is broken fails the whole request.
for name, lines in zip(names, answer.as_numpy("scores")):
    print(name, lines[0].decode())
"""

BASE64 = f"""
import base64
from pathlib import Path

import numpy as np
import tritonclient.http as triton

# The client sends bytes: base64 from elsewhere is decoded first.
text = base64.b64encode(Path("photo.jpg").read_bytes())
photos = np.array([[base64.b64decode(text)]], dtype=object)
{_ASK}{_SHOW}"""

ERRORS = """
import time
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

photos = np.array([[Path("photo.jpg").read_bytes()]], dtype=object)

image = triton.InferInput("image", photos.shape, "BYTES")
image.set_data_from_numpy(photos)
scores = triton.InferRequestedOutput("scores", class_count=<TOP_K>)

client = triton.InferenceServerClient(<TRITON_SERVER>)

for attempt in range(6):
    try:
        answer = client.infer(<MODEL>, [image], outputs=[scores])
        print(answer.as_numpy("scores"))
        break
    except InferenceServerException as error:
        if error.status() not in ("429", "503") or attempt == 5:
            raise SystemExit(f"{error.status()}: {error.message()}")
        # This client shows no headers, so how long to wait is a guess.
        time.sleep(1)
"""
