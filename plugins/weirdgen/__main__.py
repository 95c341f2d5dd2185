"""`python -m weirdgen` is the command `weirdgen`."""

import sys

from weirdgen.cli import main

if __name__ == "__main__":
    sys.exit(main())
