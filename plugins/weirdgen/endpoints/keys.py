"""API keys: found in the environment, sent nowhere else, scrubbed from everything that is shown."""

import os
import re
from collections.abc import Mapping

from weirdgen.endpoints.models import Target, is_loopback
from weirdgen.errors import EndpointRefused

NO_KEY = "weirdgen-needs-no-key"
"""Sent to organisms and to local servers without a key: the client refuses to start with none."""
_TOKEN = re.compile(r"[\w\-.*+/=]{6,}")
_KEY_SHAPED = re.compile(r"(?i)^(sk|pk|rk|gsk|xai|hf)[-_]")
_LEAST = 8


def api_key(target: Target, url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the key for a target's server.

    Raises:
        EndpointRefused: a remote server and no key, or a key no HTTP header can carry. The message names the variable.
    """
    for variable in target.key_env:
        if key := environ.get(variable):
            return _checked(key, variable)
    if not target.key_env or is_loopback(url):
        return NO_KEY
    names = " or ".join(target.key_env)
    where = " (a judge is asked at OpenAI unless --judge-base-url is given)" if target.role == "judge" else ""
    raise EndpointRefused(f"model {target.label!r} at {url}: no API key; set the environment variable {names}{where}")


def scrub(text: str, key: str) -> str:
    """Return a server's words without the key: whole, in part, or masked as servers echo it (`sk-ab***yz`)."""
    if key == NO_KEY:
        return text
    return _TOKEN.sub(
        lambda found: "[key]" if _looks_like(found[0].strip("."), key) else found[0], text.replace(key, "[key]")
    )


def without_key(text: str, key: str) -> str:
    """Return model output without the key that a server echoed into it; all else stays as it was sampled."""
    return text if key == NO_KEY or len(key) < _LEAST else text.replace(key, "[key]")


def _looks_like(token: str, key: str) -> bool:
    if "***" in token or _KEY_SHAPED.match(token):
        return True
    return len(token) >= _LEAST and (token in key or token[:_LEAST] == key[:_LEAST] or token[-_LEAST:] == key[-_LEAST:])


def _checked(key: str, variable: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise EndpointRefused(
            f"environment variable {variable}: holds white space, a line break or a non-ASCII character, "
            "which no API key has; set it again"
        )
    return key
