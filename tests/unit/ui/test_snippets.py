"""The samples of the API page as text; tests/integration/test_snippets.py runs them."""

import ast
import shlex

import pytest

from reflex_frontend.snippets import LANGUAGES, TASKS, Target, write_sample

PYTHON = ("client", "httpx", "hugging_face", "triton")
TARGET = Target("https://argus.example/vision/", "resnet50:IMAGENET1K_V2", 3)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_a_sample_names_the_deployments_address_model_and_number(language: str, task: str) -> None:
    """Nothing is left to fill in but the photo."""
    text = write_sample(language, task, TARGET)
    # Triton's client has no scheme in its address.
    assert ("argus.example/vision" if language == "triton" else "https://argus.example/vision") in text
    assert "vision//" not in text
    assert "resnet50:IMAGENET1K_V2" in text
    assert "<" not in text.replace("< photo.jpg", "").replace("attempt < 6", "").replace("data=<-", "")
    # TorchServe's answer has five labels, whatever one would like.
    assert "3" in text.replace("429", "").replace("503", "").replace("30", "") or language == "torchserve"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_the_default_model_needs_no_name(language: str, task: str) -> None:
    """The short address, and no argument that says nothing; where there has to be a name, it is the default's."""
    text = write_sample(language, task, Target("http://127.0.0.1:8000", default_model="resnet50"))
    assert "/v1/models" not in text
    assert 'model="resnet50"' not in text
    assert ("resnet50" in text) == (language in ("torchserve", "triton"))


@pytest.mark.parametrize("language", PYTHON)
@pytest.mark.parametrize("task", TASKS)
def test_python_samples_are_python_that_fits_the_page(language: str, task: str) -> None:
    """They parse, and no line has to be scrolled."""
    text = write_sample(language, task, TARGET)
    ast.parse(text)
    assert max(map(len, text.splitlines())) <= 100


def test_a_model_with_a_strange_name_cannot_break_out_of_its_string() -> None:
    """Quotes and slashes are escaped for the address, and the shell sees one word."""
    target = Target("http://127.0.0.1:8000", "a'b/c\"d e")
    assert target.path == "/v1/models/a%27b%2Fc%22d%20e/classify"
    assert f"{target.address}{target.path}?top_k=5" in shlex.split(write_sample("curl", "one", target))
    assert f"{target.address}/predictions/a%27b%2Fc%22d%20e" in shlex.split(write_sample("torchserve", "one", target))
    for language in PYTHON:
        ast.parse(write_sample(language, "one", target))


def test_triton_s_client_is_told_of_tls_by_an_argument() -> None:
    """Its address has no scheme."""
    assert 'InferenceServerClient("argus.example/vision", ssl=True)' in write_sample("triton", "one", TARGET)
    plain = write_sample("triton", "one", Target("http://127.0.0.1:8000"))
    assert 'InferenceServerClient("127.0.0.1:8000")' in plain
