"""Code that classifies photos with this very service, ready to copy: an address, a model and a number in, text out.

Every sample is whole: saved as it is beside a photo, it runs. The tests do that. Knows no Reflex and sends nothing.
"""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import quote

from reflex_frontend.snippets import client, javascript, plain_python, shell

LANGUAGES = ("curl", "client", "httpx", "javascript")

TASKS = ("one", "several", "base64", "errors")

_TEXTS = dict(zip(LANGUAGES, (shell, client, plain_python, javascript), strict=True))


@dataclass(frozen=True)
class Target:
    """What a sample asks; model: "" for the service's default; top_k: how many labels."""

    address: str
    model: str = ""
    top_k: int = 5

    @property
    def path(self) -> str:
        """The path to classify with."""
        # ":" separates a model from its weights and is legal in a path.
        return f"/v1/models/{quote(self.model, safe=':')}/classify" if self.model else "/v1/classify"


def write_sample(language: str, task: str, target: Target) -> str:
    """The text of one sample; raises an error for what is not in LANGUAGES and TASKS."""
    url = target.address.rstrip("/") + target.path
    with_query = f"{url}?top_k={target.top_k}"
    marks = {
        "SHELL_URL": shlex.quote(with_query),
        "QUERY_URL": _literal(with_query),
        "PLAIN_URL": _literal(url),
        "BASE_URL": _literal(target.address.rstrip("/")),
        "OPTIONS": _client_options(target),
        "TOP_K": str(target.top_k),
    }
    text: str = getattr(_TEXTS[language], task.upper())
    for mark, value in marks.items():
        text = text.replace(f"<{mark}>", value)
    return text.strip("\n")


def _literal(text: str) -> str:
    # A string literal of JSON is one of Python and of JavaScript too.
    return json.dumps(text)


def _client_options(target: Target) -> str:
    model = f"model={_literal(target.model)}, " if target.model else ""
    return f"{model}top_k={target.top_k}"
