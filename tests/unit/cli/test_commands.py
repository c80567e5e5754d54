"""The command line as a whole: its help, its version, what it costs to ask, and how errors end."""

import subprocess
import sys

import pytest

from argus_client import Forbidden, InvalidParameter, ModelNotFound, NotReady, ServiceUnreachable, Unauthenticated
from argus_client.errors import ProblemError
from serve_app.cli.exits import MEANINGS, CommandError, ExitCode, explain
from serve_app.cli.main import COMMANDS
from serve_app.errors import UnknownModel
from tests.unit.cli.conftest import Argus

NAMES = [module.__name__.rpartition(".")[2] for module in COMMANDS]


def problem(kind: type[ProblemError]) -> ProblemError:
    return kind(status=400, code="code", title="Title", detail="What is wrong.")


def test_the_help_lists_every_command_and_exit_code(argus: Argus) -> None:
    """Who types `argus --help` sees all that there is."""
    result = argus("--help")
    assert result.exit_code == 0
    for name in NAMES:
        assert f" {name} " in result.stdout
    for code, meaning in MEANINGS.items():
        assert f"{code.value:<4} {meaning}" in result.stdout


def test_without_a_command_the_help_is_shown(argus: Argus) -> None:
    """`argus` alone is answered with what one can type, as wrong usage."""
    result = argus()
    assert result.exit_code == ExitCode.USAGE
    assert "Commands" in result.output


@pytest.mark.parametrize("name", NAMES)
def test_every_command_helps_with_examples(argus: Argus, name: str) -> None:
    """Its --help ends with lines that can be typed, all of this command."""
    result = argus(name, "--help")
    assert result.exit_code == 0
    examples = result.stdout.partition("Examples")[2].partition("Exit codes")[0].strip().splitlines()
    assert len(examples) >= 2
    assert all(f"argus {name}" in line for line in examples)
    assert "[default: the" not in result.stdout


def test_the_version_is_that_of_the_distribution(argus: Argus) -> None:
    """A name and a number, for reports of faults."""
    result = argus("--version")
    assert result.exit_code == 0
    name, version = result.stdout.split()
    assert name == "argus"
    assert version[0].isdigit()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["labels", "--nothing"],
        ["export"],
        ["accuracy", "nowhere"],
        ["models", "--url", "http://["],
        ["models", "--url", "ftp://127.0.0.1"],
        ["models", "--url", "127.0.0.1:99999"],
    ],
)
def test_a_wrong_command_line_is_2(argus: Argus, arguments: list[str]) -> None:
    """A typing error is told in a few lines, without a traceback."""
    result = argus(*arguments)
    assert result.exit_code == ExitCode.USAGE
    assert "Traceback" not in result.output
    assert "argus" in result.output


def test_the_help_imports_nothing_slow() -> None:
    """No torch, no Ray, no OpenVINO, and not even the HTTP client: the help comes at once."""
    code = (
        "import sys; from typer.testing import CliRunner; from serve_app.cli.main import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    slow = {"torch", "torchvision", "timm", "ray", "openvino", "numpy", "PIL", "pydantic", "httpx", "argus_client"}
    assert slow & set(loaded) == set()


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        (ServiceUnreachable("Nothing answers."), ExitCode.SERVICE, "--url"),
        (problem(NotReady), ExitCode.SERVICE, "in a moment"),
        (problem(ModelNotFound), ExitCode.SERVICE, "`argus models`"),
        (problem(Unauthenticated), ExitCode.SERVICE, "--api-key"),
        (problem(Forbidden), ExitCode.SERVICE, "--api-key"),
        (problem(InvalidParameter), ExitCode.SERVICE, "What is wrong."),
        (UnknownModel("No such model."), ExitCode.SETUP, "No such model."),
        (CommandError("Not so."), ExitCode.FAILED, "Not so."),
        (CommandError("Not so.", ExitCode.USAGE), ExitCode.USAGE, "Not so."),
        (FileNotFoundError(2, "No such file", "a.csv"), ExitCode.USAGE, "a.csv: No such file."),
    ],
)
def test_foreseen_errors_have_words_and_a_code(error: Exception, code: ExitCode, advice: str) -> None:
    """A script tells them apart by the code, and a person learns what to do."""
    explained = explain(error)
    assert explained is not None
    message, found = explained
    assert found == code
    assert advice in message


def test_unforeseen_errors_keep_their_traceback() -> None:
    """What nobody thought of is not hidden behind a kind word; nor is a closed pipe an error of the command."""
    assert explain(ZeroDivisionError()) is None
    assert explain(BrokenPipeError(32, "Broken pipe")) is None


def test_a_service_that_is_not_there_is_3(argus: Argus) -> None:
    """On standard error, with what to do, and nothing on standard output."""
    result = argus("models", "--url", "127.0.0.1:9")
    assert result.exit_code == ExitCode.SERVICE
    assert result.stdout == ""
    assert "Nothing answers at http://127.0.0.1:9" in result.stderr
    assert "argus serve" in result.stderr
    assert "Traceback" not in result.stderr
