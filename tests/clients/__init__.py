"""Clients of other projects, driven unchanged by the tests: tritonclient, perf_analyzer, huggingface_hub.

They live in an environment of their own, `.clients`, so that what they need never meets what the service needs:

    python -m tests.clients          make it where it is missing or old
    python -m tests.clients --lock   pin its requirements anew

A test takes the fixture `clients` and runs a script there: `clients.run(script, argument)`. The script reads its
argument as JSON from standard input and writes its result as JSON to standard output. `clients.perf_analyzer` is the
command of that program.
"""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".clients"
