"""What the README promises without running anything."""

from pathlib import Path

from serve_app import errors

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_error_code_is_in_the_readme() -> None:
    """The table of errors is complete."""
    for base in (errors.RequestError, errors.ServiceError):
        for kind in [*base.__subclasses__(), errors.ModelNotFound]:
            assert f"`{kind.code}`" in README, kind
