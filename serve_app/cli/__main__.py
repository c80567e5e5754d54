"""`python -m serve_app.cli`, for where the console script is not on the path."""

from serve_app.cli.main import main

main()
