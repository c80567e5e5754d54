"""Python with the package `argus_client`. `<MARKS>` are filled in by the package."""

ONE = """
from pathlib import Path

from argus_client import ArgusClient

with ArgusClient(<BASE_URL>) as client:
    answer = client.classify(Path("photo.jpg"), <OPTIONS>)

for prediction in answer.predictions:
    print(f"{prediction.score:6.1%}  {prediction.label}")
"""

SEVERAL = """
from pathlib import Path

from argus_client import ArgusClient, ProblemError

photos = [Path("first.jpg"), Path("second.jpg")]

with ArgusClient(<BASE_URL>) as client:
    answers = client.classify_batch(photos, <OPTIONS>)

# A photo that failed has its error in the place of its answer.
for photo, answer in zip(photos, answers):
    if isinstance(answer, ProblemError):
        print(photo, answer.code, answer.detail)
    elif answer.top:
        print(photo, answer.top.label)
"""

BASE64 = """
import base64
from pathlib import Path

from argus_client import ArgusClient

# The client sends bytes: base64 from elsewhere is decoded first.
text = base64.b64encode(Path("photo.jpg").read_bytes())
photo = base64.b64decode(text)

with ArgusClient(<BASE_URL>) as client:
    answer = client.classify(photo, <OPTIONS>)

for prediction in answer.predictions:
    print(f"{prediction.score:6.1%}  {prediction.label}")
"""

ERRORS = """
from pathlib import Path

from argus_client import ArgusClient, ProblemError, ServiceUnreachable

# After 429 or 503, the client waits as long as Retry-After says.
with ArgusClient(<BASE_URL>, retries=5, timeout_s=60) as client:
    try:
        answer = client.classify(Path("photo.jpg"), <OPTIONS>)
    except ProblemError as error:
        print(error.status, error.code, error.detail, error.request_id)
    except ServiceUnreachable as error:
        print(error)
    else:
        print(answer.predictions)
"""
