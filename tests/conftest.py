"""Many tests run pytest in a process of its own: those may cache bytecode, else each compiles some 200 modules anew."""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
