"""What is true of every test: gates in processes of their own cache bytecode, and say nothing to the job they run in.

Without bytecode each process compiles some 200 modules anew.
"""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "GITHUB_OUTPUT"):
    os.environ.pop(name, None)
