"""The official client, opened to do only what it is told: no retries, no proxy to loopback, no stray headers."""

import contextlib
import logging
import os
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weirdgen.endpoints import azure
from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.models import is_loopback

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_SECONDS = 4.0
"""For the TCP and TLS handshakes: an unreachable server is reported within 5 seconds."""
RAW = {"X-Stainless-Raw-Response": "true"}
"""What `with_raw_response` sets: the answer is not read by the client."""
_CONNECTIONS = 16
"""Of one client over httpx: its pool looks at every connection, and at the socket of each idle one, for each request
and each answer (measured at 100 in flight: 2.9 ms of CPU per sample with one client, 2.3 with seven)."""

_LOGGERS = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")


@dataclass
class _Opened:
    client: "AsyncOpenAI"
    busy: int = 0


class Connections:
    """The clients to one server: one over aiohttp, over httpx as many as keep each one's pool small."""

    def __init__(self, url: str, key: str, *, attempt_seconds: float, main_account: bool) -> None:
        """Open nothing yet.

        Args:
            url: base URL.
            key: bearer token.
            attempt_seconds: of each socket operation.
            main_account: whether the server is the one that OPENAI_API_KEY belongs to.

        Raises:
            EndpointRefused: Azure OpenAI, and no version of its API is set.
        """
        if azure.is_classic(url):
            azure.api_version(url)
        self._url, self._key = url, key
        self._seconds, self._main_account = attempt_seconds, main_account
        self._most = 0
        self._opened: list[_Opened] = []

    @contextlib.contextmanager
    def client(self) -> Iterator["AsyncOpenAI"]:
        """Give the least busy client, a new one if all are busy, for one request.

        Raises:
            Retryable: aiohttp met what the official client has no name for: an answer that is no HTTP.
        """
        least = min(self._opened, key=lambda opened: opened.busy, default=None)
        if least is None or least.busy >= self._most:
            least = self._open()
        least.busy += 1
        try:
            yield least.client
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "aiohttp":
                raise
            raise Retryable(f"connection failed: {type(error).__name__}: {error}", billed=True) from None
        finally:
            least.busy -= 1

    async def aclose(self) -> None:
        """Close all; closing twice is fine."""
        opened, self._opened = self._opened, []
        for one in opened:
            await one.client.close()

    def _open(self) -> _Opened:
        aiohttp = _over_aiohttp(self._url)
        self._most = _CONNECTIONS if aiohttp is None else 1_000_000
        opened = _Opened(
            connect(
                self._url,
                self._key,
                attempt_seconds=self._seconds,
                main_account=self._main_account,
                http_client=aiohttp or _over_httpx(self._url),
            )
        )
        self._opened.append(opened)
        return opened


def connect(
    url: str, key: str, *, attempt_seconds: float, main_account: bool, http_client: Any = None
) -> "AsyncOpenAI":
    """Return a client; nothing is sent yet. Costs 30-50 ms (TLS), and the import of openai about a second.

    Args:
        url: base URL.
        key: bearer token.
        attempt_seconds: of each socket operation.
        main_account: whether the server is the one that OPENAI_API_KEY belongs to.
        http_client: what sends; None: the official client's own.
    """
    import openai

    # Below this they log headers, those included in which servers echo what they were sent.
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    common: dict[str, Any] = {
        "max_retries": 0,
        "timeout": openai.Timeout(attempt_seconds, connect=CONNECT_SECONDS),
        "default_headers": {} if main_account else _overrides(key),
        "http_client": http_client,
    }
    if azure.is_classic(url):
        return azure.client(url, key, **common)
    return openai.AsyncOpenAI(api_key=key, base_url=url, **common)


async def post(client: "AsyncOpenAI", path: str, arguments: Mapping[str, Any]) -> Any:
    """Send a request; return the raw response as `with_raw_response` gives it: `content` and `headers`.

    The client's own methods walk the type of every parameter that they could have been given: half of what a request
    costs (1.3 of 2.5 ms of CPU over httpx, .7 of 1.4 over aiohttp, measured).

    Args:
        client: from `connect`.
        path: under the base URL.
        arguments: as for the client's own method; what is in `extra_body` is sent beside the others.

    Raises:
        OpenAIError: as the client's own method does.
    """
    body = {**arguments, **arguments.get("extra_body", {})}
    body.pop("extra_body", None)
    return await client.post(path, cast_to=object, body=body, options={"headers": RAW})


def unreachable(error: BaseException) -> bool:
    """Whether a failed connection was never made: nothing that answers is at the address."""
    cause = error.__cause__
    inner = cause.__cause__ if cause is not None else None
    if inner is not None and type(inner).__module__.startswith("aiohttp"):
        # Over aiohttp a connection that broke off is called ConnectTimeout, too.
        return type(inner).__name__.startswith(("ClientConnector", "ConnectionTimeout", "NonHttpUrl", "InvalidUrl"))
    return type(cause).__name__ in {"ConnectError", "ConnectTimeout", "UnsupportedProtocol"}


def _over_aiohttp(url: str) -> Any:
    """Return an HTTP client over aiohttp, or None where `openai[aiohttp]` is not installed or a proxy is to be used.

    Certificates are checked against the same trust store (`SSL_CERT_FILE`) as over httpx; proxies are another matter:
    aiohttp knows no SOCKS.
    """
    import openai

    loopback = is_loopback(url)
    if not loopback and urllib.request.getproxies():
        return None
    # Where it is missing, or made for another release of the official client, that says so in several ways.
    with contextlib.suppress(ImportError, RuntimeError, AttributeError):
        return openai.DefaultAioHttpClient(trust_env=not loopback)
    return None


def _over_httpx(url: str) -> Any:
    """Return an HTTP client for loopback, which a proxy from the environment cannot reach; None: the default."""
    import openai

    return openai.DefaultAsyncHttpxClient(trust_env=False) if is_loopback(url) else None


def _overrides(key: str) -> dict[str, Any]:
    """Return overrides that keep the main account's headers, which may hold secrets, from other servers."""
    import openai

    custom = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    names = {line.partition(":")[0].strip() for line in custom if ":" in line}
    kept = {name: f"Bearer {key}" for name in names if name.lower() == "authorization"}
    return dict.fromkeys({"OpenAI-Organization", "OpenAI-Project", *names}, openai.Omit()) | kept
