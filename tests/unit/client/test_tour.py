"""The examples in the package's docstring, run as they stand, against a service on a real socket."""

import ast
import asyncio
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, CoroutineType

import pytest

import argus_client
from tests.answering import AnsweringService, run_answering_service

TOUR = (argus_client.__doc__ or "").partition("How it is made.")[0]


@pytest.fixture
def service() -> Iterator[AnsweringService]:
    """A service that answers."""
    with run_answering_service() as service:
        yield service


def examples() -> list[str]:
    """The indented blocks, in their order."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", TOUR, re.MULTILINE)
    return [textwrap.dedent(block).strip() for block in blocks]


def test_every_example_runs(
    service: AnsweringService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as a reader would try them, with photos beside them."""
    monkeypatch.chdir(tmp_path)
    for name in ("cat.jpg", "coffee.jpg", "photos/one.jpg", "photos/two.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"damaged" if "two" in name else b"photo")
    known: dict[str, object] = {"Path": Path, **{name: getattr(argus_client, name) for name in argus_client.__all__}}
    assert len(examples()) == 6
    for example in examples():
        code = example.replace('"http://127.0.0.1:8000"', "").replace("ArgusClient(", f'ArgusClient("{service.url}", ')
        run(compile(code, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), known)
        if "classify_many(photos, concurrency" in example:
            known["client"].close()  # type: ignore[attr-defined]  # the last one that is not closed by its block
    assert "tabby 0.61" in capsys.readouterr().out
    assert len(service.images) == 4 + 2 + 3


def run(code: CodeType, known: dict[str, object]) -> None:
    """Run a block, in an event loop where it awaits."""
    result = eval(code, known)  # noqa: S307  # the examples are ours
    if isinstance(result, CoroutineType):
        asyncio.run(result)
