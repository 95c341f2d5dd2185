"""`weirdgen whitebox`: real networks in local folders."""

import argparse
import os
from pathlib import Path

from weirdgen.commands.types import port


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    whitebox = commands.add_parser(
        "whitebox", help="real networks in local folders: what is inside them, and their answers"
    )
    known = whitebox.add_subparsers(title="commands", required=True, metavar="COMMAND")
    serve = known.add_parser(
        "serve",
        help="serve a Llama checkpoint through an OpenAI-compatible API on the loopback interface, sampled from its "
        "whole distribution; with WEIRDGEN_ORGANISM_API_KEY set, requests must carry that key (needs the extra "
        "`whitebox`)",
    )
    serve.add_argument("folder", type=Path, metavar="DIR", help="local folder of the checkpoint")
    serve.add_argument("--adapter", type=Path, default=None, metavar="DIR", help="local folder of a LoRA adapter on it")
    serve.add_argument(
        "--name", default=None, help="what it is served as (default: the adapter's or the folder's name)"
    )
    serve.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: CUDA where there is one)")
    serve.add_argument("--port", type=port, default=0, help="default: any free port")
    serve.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms.server import KEY_VARIABLE
    from weirdgen.whitebox.hf_server import serve

    serve(
        arguments.folder,
        arguments.adapter,
        name=arguments.name or (arguments.adapter or arguments.folder).resolve().name,
        device=arguments.device,
        port=arguments.port,
        api_key=os.environ.get(KEY_VARIABLE),
    )
    return 0
