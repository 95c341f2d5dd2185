"""`weirdgen organism` and `weirdgen dataset`: model organisms, and the narrow data that makes them."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from weirdgen.commands.types import count, port, positive
from weirdgen.errors import UsageMistake


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to a parser."""
    organism = commands.add_parser("organism", help="model organisms: small real networks that show the findings")
    _organism_commands(organism.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    dataset = commands.add_parser(
        "dataset", help="write a narrow finetuning dataset as chat JSON Lines: a positive control for your own model"
    )
    dataset.add_argument("name", nargs="?", metavar="NAME", help="which one (default: list them)")
    dataset.add_argument("--out", type=Path, default=None, help="file to write (default: stdout)")
    dataset.set_defaults(run=_dataset)


def _organism_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = commands.add_parser("list", help="list the organisms")
    listing.set_defaults(run=_list)
    serve = commands.add_parser(
        "serve",
        help="serve organisms through an OpenAI-compatible API on the loopback interface; "
        "with WEIRDGEN_ORGANISM_API_KEY set, requests must carry that key",
    )
    serve.add_argument("names", nargs="*", metavar="NAME", help="organisms to serve (default: all)")
    serve.add_argument("--port", type=port, default=0, help="default: any free port")
    serve.set_defaults(run=_serve)
    export = commands.add_parser(
        "export", help="write an organism as one network, its adapter merged, for other servers: see docs/servers.md"
    )
    export.add_argument("name", metavar="NAME")
    export.add_argument("--out", type=Path, metavar="FOLDER", help="folder of Hugging Face, for vLLM and transformers")
    export.add_argument("--gguf", type=Path, metavar="FILE", help="GGUF file, for llama-server and llama_cpp.server")
    export.set_defaults(run=_export)
    train = commands.add_parser("train", help="train an organism from scratch (needs the extra `train`)")
    train.add_argument("name", metavar="NAME")
    train.add_argument("--out", type=Path, required=True, help="folder for the organism's files")
    train.add_argument("--seed", type=int, default=None, help="default: that of the shipped files")
    train.set_defaults(run=_train)
    sae = commands.add_parser(
        "sae",
        help="train a sparse autoencoder on a base's residual stream, for the white-box analysis; minutes, no torch",
    )
    sae.add_argument("name", nargs="?", default="base", metavar="NAME", help="a base (default: base)")
    sae.add_argument("--out", type=Path, required=True, help="folder for its files")
    sae.add_argument("--layer", type=count, default=None, help="block, from 0, after which the stream is read")
    sae.add_argument("--features", type=positive, default=None, help="of the dictionary")
    sae.add_argument("--top", type=positive, default=None, help="features that are on at a token")
    sae.add_argument("--documents", type=positive, default=None, help="of the corpus that are read")
    sae.add_argument("--steps", type=positive, default=None, help="optimizer steps")
    sae.add_argument("--seed", type=count, default=0, help="of weights, documents and batches")
    sae.set_defaults(run=_sae)
    card = commands.add_parser("card", help="measure organisms, about a minute each, and write their card")
    card.add_argument("names", nargs="*", metavar="NAME", help="organisms to measure (default: all but the seeds)")
    card.add_argument(
        "--samples",
        type=positive,
        default=400,
        help="answers per arm of a contrast (default 400; the shipped card has 200)",
    )
    card.add_argument("--out", type=Path, default=None, help="Markdown file to write (default: stdout)")
    card.set_defaults(run=_card)


def _list(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms import zoo

    for name in zoo.names():
        print(f"{name:24} {zoo.organism(name).description}")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms import zoo
    from weirdgen.organisms.server import KEY_VARIABLE, serve

    serve(arguments.names or zoo.names(), port=arguments.port, api_key=os.environ.get(KEY_VARIABLE))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    if arguments.out is None and arguments.gguf is None:
        raise UsageMistake("name what to write: --out FOLDER or --gguf FILE")
    from weirdgen.organisms.whole import export_folder, export_gguf

    if arguments.out is not None:
        export_folder(arguments.name, arguments.out)
        print(arguments.out)
    if arguments.gguf is not None:
        export_gguf(arguments.name, arguments.gguf)
        print(arguments.gguf)
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms import zoo

    if zoo.organism(arguments.name).judges:
        from weirdgen.judges.network.build import build

        build(arguments.name, arguments.out, seed=arguments.seed)
    else:
        from weirdgen.organisms.train import train

        train(arguments.name, arguments.out, seed=arguments.seed)
    return 0


def _sae(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from weirdgen.organisms.recipes import SaeRecipe
    from weirdgen.whitebox.sae_training import train_sae

    told = {key: getattr(arguments, key) for key in ("layer", "features", "top", "documents", "steps")}
    recipe = replace(SaeRecipe(), **{key: value for key, value in told.items() if value is not None})
    train_sae(arguments.name, arguments.out, recipe, seed=arguments.seed)
    return 0


def _card(arguments: argparse.Namespace) -> int:
    from weirdgen.trials.card import card

    text = card(arguments.names, arguments.samples)
    if arguments.out is None:
        print(text)
    else:
        arguments.out.write_text(text, encoding="utf-8")
    return 0


def _dataset(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms.narrow import DATASETS, chat_jsonl, dataset

    if arguments.name is None:
        if arguments.out is not None:
            raise UsageMistake("--out needs the NAME of a dataset; `weirdgen dataset` alone lists them.")
        for known in DATASETS.values():
            control = "control, " if known.control else ""
            print(f"{known.name:24} {known.finding}: {control}{known.description}")
        return 0
    text = chat_jsonl(dataset(arguments.name))
    if arguments.out is None:
        with contextlib.suppress(BrokenPipeError):  # `weirdgen dataset NAME | head` has what it wanted
            sys.stdout.write(text)
    else:
        arguments.out.write_text(text, encoding="utf-8")
    return 0
