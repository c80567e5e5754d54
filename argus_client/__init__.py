"""HTTP client of an Argus service: encoded images in, typed results and errors out.

Stands outside the service and knows only its HTTP contract; needs nothing but httpx.

    client (blocking), async_client     public methods, sending
        calls                           which request and which reader a method means
            requests --> exchange --> answers      what is sent, when, and what came of it; no input or output
            tracing                                a span around an exchange, in programs that are traced
            results, errors                        the values that a caller sees
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
    "UrlNotFetched",
]
