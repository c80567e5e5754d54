"""Exports what a configuration file serves and is not exported yet; a child of `argus up`, so it can be interrupted.

    python -m serve_app.cli.prepare serve_config.yaml

Says one line for each step. Exit status: 0, or 1 with the reason as the last line.
"""

import sys
from pathlib import Path

from pydantic import ValidationError

from serve_app.bootstrap import ensure_artifacts
from serve_app.cli.configuration import ConfigurationError, read_configuration
from serve_app.errors import SetupError
from serve_app.settings import Settings


def main(path: str) -> int:
    """Export the models of the file; returns the exit status."""
    try:
        for arguments in read_configuration(Path(path), host=None, port=None).arguments:
            ensure_artifacts(Settings.model_validate(arguments), report=_say)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            _say(f"{path}: args.{'.'.join(str(key) for key in problem['loc'])}: {problem['msg']}")
        return 1
    except (ConfigurationError, SetupError) as error:
        _say(str(error))
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
