"""HTTP client of an Argus service: encoded images in, typed results and errors out. Needs nothing but httpx.

One image, by path, bytes or open file:

    from argus_client import ArgusClient

    with ArgusClient("http://127.0.0.1:8000") as client:
        result = client.classify("cat.jpg", top_k=3)
        print(result.top.label, result.top.score)

A call tries again by itself where that helps: no connection, 429, 503; with jitter, as often as `retries`, never before
the service's Retry-After and never past the deadline, `timeout_s`, which is for the whole call, attempts and waits
included. It is given to the client for all calls, or to one:

    client = ArgusClient(api_key="...", timeout_s=10, retries=4)
    client.classify("cat.jpg", timeout_s=2)

What goes wrong is an ArgusClientError, and which one says what to do; `errors` has the tree:

    try:
        result = client.classify("cat.jpg")
    except Overloaded as error:
        print(f"The service is full; it asks to be left alone for {error.retry_after_s} s.")
    except ProblemError as error:
        print(error.code, error.detail, error.request_id)
    except ServiceUnreachable as error:
        print(error)

`Url("https://images.example.com/cat.jpg")` may stand for any image: the service then fetches it, where its operator
allows that, and otherwise the error is UrlNotFetched.

Several images that belong together travel in one request, and one that fails is a value at its place:

    for outcome in client.classify_batch(["cat.jpg", "coffee.jpg"]):
        print(outcome.detail if isinstance(outcome, ProblemError) else outcome.top.label)

Many images, thousands of them, are for `classify_many`. It takes them from any iterable as it needs them, sends
`concurrency` at a time, and gives each with what became of it, so that one bad file ends nothing:

    photos = sorted(Path("photos").rglob("*.jpg"))
    for photo, outcome in client.classify_many(photos, concurrency=8):
        if isinstance(outcome, Classification):
            print(photo, outcome.top.label)
        else:
            print(photo, "failed:", outcome)

The same with an event loop; every call is awaited, and `classify_many` is an asynchronous iterator:

    async with AsyncArgusClient() as client:
        result = await client.classify("cat.jpg")
        async for photo, outcome in client.classify_many(photos):
            ...

`models()`, `model(name)`, `labels(name)`, `status()`, `live()` and `ready()` ask about the service. In a program that
is traced with OpenTelemetry each call is a span.

How it is made. It stands outside the service and knows only its HTTP contract:

    client (blocking), async_client     public methods, sending
        calls                           which request and which reader a method means
            requests --> exchange --> answers      what is sent, when, and what came of it; no input or output
            bodies                                 an image's file, read at once or while it is sent
            urls                                   the addresses of images that the service fetches
            many, pace                             many images, and how many of them at a time
                many_threads, many_tasks           in threads, in an event loop
            tracing                                a span around an exchange, in programs that are traced
            results, errors                        the values that a caller sees
        ways                            the asynchronous client's: its own connections, or httpx
            wire, http1                 own connections, and what travels on them
            through_httpx               what is given to httpx, by either client
"""

from argus_client.async_client import AsyncArgusClient
from argus_client.client import ArgusClient
from argus_client.errors import (
    ArgusClientError,
    DeadlineExceeded,
    Forbidden,
    ImageTooLarge,
    Internal,
    InvalidParameter,
    MalformedRequest,
    MethodNotAllowed,
    ModelNotFound,
    NotFound,
    NotReady,
    Overloaded,
    PayloadTooLarge,
    ProblemError,
    RateLimited,
    ServiceUnreachable,
    Unauthenticated,
    UndecodableImage,
    UnsupportedMediaType,
    UrlNotFetched,
)
from argus_client.many import Outcome
from argus_client.requests import Image
from argus_client.results import (
    Accuracy,
    Classification,
    Deployment,
    LatencyMs,
    Model,
    ModelRef,
    Prediction,
    Quantisation,
    Readiness,
    Replicas,
    ServiceStatus,
    Timing,
    Totals,
)
from argus_client.urls import Url

__all__ = [
    "Accuracy",
    "ArgusClient",
    "ArgusClientError",
    "AsyncArgusClient",
    "Classification",
    "DeadlineExceeded",
    "Deployment",
    "Forbidden",
    "Image",
    "ImageTooLarge",
    "Internal",
    "InvalidParameter",
    "LatencyMs",
    "MalformedRequest",
    "MethodNotAllowed",
    "Model",
    "ModelNotFound",
    "ModelRef",
    "NotFound",
    "NotReady",
    "Outcome",
    "Overloaded",
    "PayloadTooLarge",
    "Prediction",
    "ProblemError",
    "Quantisation",
    "RateLimited",
    "Readiness",
    "Replicas",
    "ServiceStatus",
    "ServiceUnreachable",
    "Timing",
    "Totals",
    "Unauthenticated",
    "UndecodableImage",
    "UnsupportedMediaType",
    "Url",
    "UrlNotFetched",
]
