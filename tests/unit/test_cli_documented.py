"""docs/cli.md describes every command, every option and every exit code."""

import re
from pathlib import Path

import pytest
import typer.main

from serve_app.cli.exits import MEANINGS
from serve_app.cli.main import app

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
GROUP = typer.main.get_command(app)
COMMANDS = GROUP.commands  # type: ignore[attr-defined]  # a group, because the app has several commands
# In "What they have in common", once for all.
COMMON = {"--url", "--api-key", "--json", "--plain"}


def section(name: str) -> str:
    """What the page says of one command."""
    return DOCUMENT.partition(f"\n## argus {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_with_its_command(name: str) -> None:
    """In its own section, by the name that one types, with what it takes."""
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
    assert options
    assert {option for option in options - COMMON if f"`{option}" not in section(name)} == set()


def test_the_page_describes_no_option_that_is_not_there() -> None:
    """An option that was renamed leaves nothing behind."""
    options = {
        option
        for command in (GROUP, *COMMANDS.values())
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCUMENT)) - options - {"--help"} == set()


def test_common_options_are_described_once() -> None:
    """Address, key and the forms of the output."""
    assert {option for option in COMMON if f"`{option}" not in section("models") + DOCUMENT} == set()


def test_every_command_is_in_the_first_table() -> None:
    """With a link to its section, in the order of the help."""
    assert re.findall(r"^\| \[`argus (\w+)`\]\(#argus-\w+\)", DOCUMENT, re.MULTILINE) == list(COMMANDS)


def test_the_exit_codes_are_those_of_the_code() -> None:
    """Number and meaning, word for word."""
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]
