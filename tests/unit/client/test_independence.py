"""The client can be installed and copied alone."""

import ast
import sys
from pathlib import Path

import argus_client

FOLDER = Path(argus_client.__file__).parent


def test_the_client_imports_only_httpx_and_the_standard_library() -> None:
    """Whoever installs the base distribution has all that the client needs. `tracing` imports what the caller has."""
    imported = {
        name.partition(".")[0]
        for path in FOLDER.rglob("*.py")
        if path.name != "tracing.py"
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"httpx", "argus_client"}
