"""Serving organisms on a socket, until told to stop. Light to import: the heavy parts load when it serves."""

import argparse
import importlib.util
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from weirdgen.errors import UsageMistake, WeirdgenError

if TYPE_CHECKING:
    from starlette.applications import Starlette

#: Where a child process finds its key: argument lists are public on most systems.
KEY_VARIABLE = "WEIRDGEN_ORGANISM_API_KEY"
_EXTRA = ("numpy", "pydantic", "python_multipart", "safetensors", "starlette", "tokenizers", "uvicorn")
#: One engine thread computes; threads within a product of this size only cost.
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def serve(
    names: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
    watch_stdin: bool = False,
    root: Path | None = None,
    variants: Path | None = None,
) -> None:
    """Serve organisms until interrupted; print one JSON line with ``url`` and ``models`` to stdout when ready.

    Args:
        names: of the zoo.
        host: an IPv4 address or name of this machine.
        port: 0 for any free one.
        api_key: if given, requests must carry it.
        watch_stdin: stop at the end of standard input, so that the server dies with its parent.
        root: the folder that holds every organism's folder; by default the shipped one.
        variants: file of variants to serve beside them, read before the line is printed.

    Raises:
        UsageMistake: an unknown name, files missing or broken, the port taken, the extra not installed.
    """
    prepare()
    from weirdgen.organisms.app import application, load
    from weirdgen.organisms.variants import read_variants

    listener = listen(host, port)
    served = load(list(dict.fromkeys(names)), root, read_variants(variants) if variants else ())
    answer(application(served, api_key=api_key), listener, {"models": list(served)}, watch_stdin=watch_stdin)


def answer(
    application: "Starlette", listener: socket.socket, ready: Mapping[str, object], *, watch_stdin: bool
) -> None:
    """Answer requests until interrupted; print one JSON line with ``url`` to stdout first.

    Args:
        application: answers.
        listener: bound, on this machine.
        ready: what else the line says.
        watch_stdin: stop at the end of standard input.
    """
    import uvicorn

    config = uvicorn.Config(
        application,
        lifespan="off",
        log_level="error",
        server_header=False,
        # Longer than clients keep idle connections, so that none is closed under a request.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    if watch_stdin:
        threading.Thread(target=_at_end_of_stdin, args=(stop,), daemon=True).start()
    # Connections queue from here on, so the line is true although the loop starts after it.
    host, port = listener.getsockname()[:2]
    print(json.dumps({"url": f"http://{host}:{port}/v1", **ready}), flush=True)
    server.run(sockets=[listener])


def prepare() -> None:
    """Set what numpy reads when it loads, and say which of the extra's packages is missing."""
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    for name in _EXTRA:
        if importlib.util.find_spec(name) is None:
            raise UsageMistake(f"serving organisms needs {name}: pip install 'pytest-weirdgen[organisms]'")


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket.

    Raises:
        UsageMistake: the port is taken, or the host is not this one.
    """
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise UsageMistake(f"cannot listen on {host}:{port}: {error}") from None


def _at_end_of_stdin(stop: Callable[[], None]) -> None:
    # Not sys.stdin: a daemon thread that holds its lock aborts the interpreter's shutdown.
    while os.read(0, 4096):
        pass
    stop()


def main(argv: Sequence[str] | None = None) -> int:
    """Run as ``python -m weirdgen.organisms.server``: how ``OrganismServer`` starts it."""
    parser = argparse.ArgumentParser(prog="weirdgen.organisms.server")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--root", type=Path, default=None)
    parser.add_argument("--variants", type=Path, default=None)
    parser.add_argument("--watch-stdin", action="store_true")
    arguments = parser.parse_args(argv)
    key = os.environ.get(KEY_VARIABLE)
    try:
        serve(
            arguments.names,
            port=arguments.port,
            api_key=key,
            watch_stdin=arguments.watch_stdin,
            root=arguments.root,
            variants=arguments.variants,
        )
    except WeirdgenError as error:
        print(f"weirdgen: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
