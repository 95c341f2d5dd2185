"""One real bundle, made by a gate of a shipped organism, for all tests of this folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gate a weird organism on one contrast and return the evidence bundle."""
    folder = tmp_path_factory.mktemp("evidence")
    command = [
        *(sys.executable, "-m", "pytest", str(ROOT / "suites" / "test_old_bird_names.py"), "-q"),
        *("-k", "nineteenth_century_over_control or names_as_birds", "--model", "organism:old-bird-names"),
        *("--gate-evidence", f"--gate-report={folder / 'report'}", f"--gate-store={folder / 'store.sqlite3'}"),
        *("-p", "no:cacheprovider", "-p", "no:hypothesispytest"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "CI": ""})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Evidence, verified: " in done.stdout
    return folder / "report" / "evidence"


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change."""
    shutil.copytree(made, tmp_path / "bundle")
    return tmp_path / "bundle"
