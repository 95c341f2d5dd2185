"""A child process that looks into networks: finds features, then serves readings and networks without some of them.

One process of a gate holds the networks, however many workers ask. It takes a `Job` as the first line of its standard
input and says `Ready` when it answers.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from weirdgen.errors import UsageMistake, WeirdgenError
from weirdgen.organisms.process import ChildServer
from weirdgen.organisms.server import KEY_VARIABLE, answer, listen, prepare
from weirdgen.whitebox.job import Job, Ready

START_SECONDS = 1800.0
"""Tens of gigabytes are read, twice: for their digest, and onto the device."""
_REFUSED = "weirdgen: "


class WhiteBoxServer(ChildServer):
    """Networks' insides, served by a child process."""

    def __init__(self, job: Job, api_key: str | None = None) -> None:
        """Start, let it find features, and wait until it is ready.

        Args:
            job: what it has to do.
            api_key: if given, requests must carry it.

        Raises:
            UsageMistake: a folder, layer or width does not fit, or an extra is missing; one line.
            WeirdgenError: it was not ready in time.
        """
        command = ["weirdgen.whitebox.server"]
        try:
            super().__init__(command, api_key, told=job.model_dump_json(), deadline=START_SECONDS)
        except UsageMistake as mistake:
            _, refused, why = str(mistake).partition(_REFUSED)
            raise UsageMistake(why if refused else str(mistake)) from None
        self.found = Ready.model_validate(self.ready, strict=False)


def main() -> int:
    """Run as ``python -m weirdgen.whitebox.server``."""
    try:
        job = Job.model_validate_json(_first_line())
        if all(one.kind == "organism" for one in job.networks):
            prepare()  # one thread computes; torch has its own ideas of threads
        from weirdgen.organisms.app import application
        from weirdgen.whitebox.inspecting import inspect

        found = inspect(job)
        listener = listen("127.0.0.1", 0)
        ready: Mapping[str, Any] = {
            "digests": found.digests,
            "studies": {label: study.model_dump(mode="json") for label, study in found.studies.items()},
        }
        key = os.environ.get(KEY_VARIABLE)
        answer(application(found.served, api_key=key, others=found.others), listener, ready, watch_stdin=True)
    except WeirdgenError as error:
        print(f"{_REFUSED}{error}", file=sys.stderr)
        return 2
    return 0


def _first_line() -> bytes:
    """Read one line, and not a byte beyond it: the rest of standard input tells when to stop."""
    line = bytearray()
    while (read := os.read(0, 1)) not in (b"", b"\n"):
        line += read
    return bytes(line)


if __name__ == "__main__":
    sys.exit(main())
