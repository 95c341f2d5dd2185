"""Where a run took place: versions, the commit, and what of a CI run is public."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from weirdgen.schema.text import clean

PACKAGES = ("pytest", "pytest-xdist", "openai", "pydantic", "numpy", "scipy")
CI_VARIABLES = (
    "CI",
    *("GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_WORKFLOW_REF"),
    *("GITHUB_SERVER_URL", "GITHUB_ACTOR"),
    *("CI_PROJECT_URL", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_PIPELINE_ID", "CI_JOB_ID", "CI_JOB_URL"),
    *("JOB_NAME", "BUILD_NUMBER", "BUILD_URL", "GIT_COMMIT"),
)
"""Of GitHub, GitLab and Jenkins: what says which run it was. No other variable is ever read into a record."""
_GIT_SECONDS = 5.0


def environment(root: Path, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a record says of a run's surroundings.

    Args:
        root: pytest's rootdir, whose commit is told.
        variables: the process's.
    """
    versions = {name: _version(name) for name in PACKAGES}
    machine = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    return versions | machine | _commit(root) | environment_of_ci(variables)


def environment_of_ci(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what of a CI run is public."""
    return {f"ci.{name.lower()}": clean(variables[name]) for name in CI_VARIABLES if variables.get(name)}


def _commit(root: Path) -> dict[str, str]:
    """Return the commit, and whether tracked files differ from it; nothing where there is no repository."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"git.commit": commit, "git.dirty": "unknown" if changed is None else "yes" if changed else "no"}


def _git(root: Path, *arguments: str) -> str | None:
    # Without optional locks, so that a gate beside somebody's git command disturbs nothing.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_GIT_SECONDS)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
