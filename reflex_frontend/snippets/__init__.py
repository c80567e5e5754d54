"""Code that classifies photos with this very service, ready to copy: an address, a model and a number in, text out.

Every sample is whole: saved as it is beside a photo, it runs. The tests do that. Knows no Reflex and sends nothing.
"""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from reflex_frontend.snippets import client, hugging_face, javascript, plain_python, shell, torchserve, triton

# The service's own protocol, and clients of others that it speaks too.
LANGUAGES = ("curl", "client", "httpx", "javascript", "hugging_face", "torchserve", "triton")

TASKS = ("one", "several", "base64", "errors")

# What a service has unless it was told otherwise.
_USUAL_MODEL = "efficientnet_lite0"

_TEXTS = dict(zip(LANGUAGES, (shell, client, plain_python, javascript, hugging_face, torchserve, triton), strict=True))


@dataclass(frozen=True)
class Target:
    """What a sample asks.

    model: "" for the service's default; top_k: how many labels; default_model: its name, for protocols in which a
    model always has one.
    """

    address: str
    model: str = ""
    top_k: int = 5
    default_model: str = _USUAL_MODEL

    @property
    def path(self) -> str:
        """The path to classify with."""
        return f"/v1/models/{_quote(self.model)}/classify" if self.model else "/v1/classify"


def write_sample(language: str, task: str, target: Target) -> str:
    """The text of one sample; raises an error for what is not in LANGUAGES and TASKS."""
    address = target.address.rstrip("/")
    url = address + target.path
    model = target.model or target.default_model
    with_query = f"{url}?top_k={target.top_k}"
    marks = {
        "SHELL_URL": shlex.quote(with_query),
        "QUERY_URL": _literal(with_query),
        "PLAIN_URL": _literal(url),
        "BASE_URL": _literal(address),
        "OPTIONS": _client_options(target),
        "TOP_K": str(target.top_k),
        "MODEL": _literal(model),
        "HUGGING_FACE_URL": _literal(f"{address}/huggingface" + (f"/{_quote(model)}" if target.model else "")),
        "TORCHSERVE_URL": shlex.quote(f"{address}/predictions/{_quote(model)}"),
        "TRITON_SERVER": _triton_server(address),
    }
    text: str = getattr(_TEXTS[language], task.upper())
    for mark, value in marks.items():
        text = text.replace(f"<{mark}>", value)
    return text.strip("\n")


def _quote(model: str) -> str:
    # ":" separates a model from its weights and is legal in a path.
    return quote(model, safe=":")


def _triton_server(address: str) -> str:
    parts = urlsplit(address)
    return _literal(parts.netloc + parts.path) + (", ssl=True" if parts.scheme == "https" else "")


def _literal(text: str) -> str:
    # A string literal of JSON is one of Python and of JavaScript too.
    return json.dumps(text)


def _client_options(target: Target) -> str:
    model = f"model={_literal(target.model)}, " if target.model else ""
    return f"{model}top_k={target.top_k}"
