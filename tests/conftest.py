"""For every test: gates in processes of their own may cache bytecode, and say nothing to the job they run in.

Without bytecode each process compiles some 200 modules anew.
"""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for name in (
    *("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "GITHUB_OUTPUT", "GITHUB_RUN_ID"),
    *("CI_PIPELINE_ID", "BUILD_URL"),
):
    os.environ.pop(name, None)
