"""For every test: gates in processes of their own may cache bytecode, and say nothing to the job they run in.

Without bytecode each process compiles some 200 modules anew.
"""

import os
from collections.abc import Iterator

import pytest
from postgres_server import Server, server

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for name in (
    *("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "GITHUB_OUTPUT", "GITHUB_RUN_ID"),
    *("CI_PIPELINE_ID", "BUILD_URL"),
):
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run a PostgreSQL server for the session; skip where none is installed."""
    with server() as running:
        yield running
