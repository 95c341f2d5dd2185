"""The official client, opened to do only what it is told: no retries, no proxy to loopback, no stray headers."""

import logging
import os
from typing import TYPE_CHECKING, Any

from weirdgen.endpoints.models import is_loopback

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_SECONDS = 4.0
"""For the TCP and TLS handshakes, and for the model listing: an unreachable server is reported within 5 seconds."""

_LOGGERS = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")


def connect(url: str, key: str, *, attempt_seconds: float, main_account: bool) -> "AsyncOpenAI":
    """Return a client; nothing is sent yet. Costs 30-50 ms (TLS), and the import of openai about a second.

    Args:
        url: base URL.
        key: bearer token.
        attempt_seconds: of each socket operation.
        main_account: whether the server is the one that OPENAI_API_KEY belongs to.
    """
    import openai

    # Below this they log headers, those included in which servers echo what they were sent.
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    return openai.AsyncOpenAI(
        api_key=key,
        base_url=url,
        max_retries=0,
        timeout=openai.Timeout(attempt_seconds, connect=CONNECT_SECONDS),
        default_headers={} if main_account else _overrides(key),
        # A proxy from the environment cannot reach this machine's loopback.
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False) if is_loopback(url) else None,
    )


def _overrides(key: str) -> dict[str, Any]:
    """Return overrides that keep the main account's headers, which may hold secrets, from other servers."""
    import openai

    custom = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    names = {line.partition(":")[0].strip() for line in custom if ":" in line}
    kept = {name: f"Bearer {key}" for name in names if name.lower() == "authorization"}
    return dict.fromkeys({"OpenAI-Organization", "OpenAI-Project", *names}, openai.Omit()) | kept
