"""API keys: found in the environment, sent nowhere else, scrubbed from everything that is shown or stored."""

import base64
import html
import json
import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from weirdgen.endpoints import azure
from weirdgen.endpoints.models import Target, is_loopback
from weirdgen.errors import EndpointRefused

NO_KEY = "weirdgen-needs-no-key"
"""Sent to organisms and to local servers without a key: the client refuses to start with none."""
_TOKEN = re.compile(r"[\w\-.*+/=]{6,}")
_KEY_SHAPED = re.compile(r"(?i)^(sk|pk|rk|gsk|xai|hf)[-_]")
_LEAST = 8
_SECRET_VARIABLES = (
    *("OPENAI_API_KEY", "WEIRDGEN_CONTROL_API_KEY", "WEIRDGEN_JUDGE_API_KEY", azure.TOKEN, azure.KEY),
    *("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
)
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_ORDINARY_HEADERS = {"accept", "accept-language", "content-type", "user-agent"}
"""Custom ones of these names hold no secret, and their values are words that a model may say."""
Secrets = tuple[str, ...]
"""What a server may have been sent that nobody else may see, longest first."""


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


def secrets_of(key: str, environ: Mapping[str, str] = os.environ) -> Secrets:
    """Return a key and whatever else of the environment the client may send: other keys, headers, proxies' passwords.

    A server may echo one that another request brought, so all are looked for in all that comes from any server.
    """
    found = {key, *(environ.get(name, "") for name in _SECRET_VARIABLES), *_header_values(environ)}
    for name in _PROXY_VARIABLES:
        for variable in (name, name.lower()):
            found.add(_password(environ.get(variable, "")))
    return tuple(sorted((one for one in found - {NO_KEY} if len(one) >= _LEAST or one == key), key=len, reverse=True))


def scrub(text: str, secrets: Secrets) -> str:
    """Return a server's words without secrets: whole, in part, encoded, or masked as servers echo it (`sk-ab***yz`)."""
    if not secrets:
        return text
    text = without_key(text, secrets)
    for short in secrets:
        text = text.replace(short, "[key]")
    return _TOKEN.sub(lambda found: "[key]" if _looks_like(found[0].strip("."), secrets) else found[0], text)


def without_key(text: str, secrets: Secrets) -> str:
    """Return model output without secrets that a server echoed into it; all else stays as it was sampled."""
    for secret in (one for one in secrets if len(one) >= _LEAST):
        for form in _forms(secret):
            text = text.replace(form, "[key]")
    return text


def _forms(secret: str) -> Iterator[str]:
    """Yield the spellings of a secret that servers and their error pages use."""
    escaped = json.dumps(secret)[1:-1]
    yield from dict.fromkeys(
        (secret, quote(secret, safe=""), quote(secret), escaped, escaped.replace("/", "\\/"), html.escape(secret))
    )
    for before in range(3):
        # Within longer base64, as in "Basic user:password", only whole groups of six bits are the secret's own.
        code = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        own = code[(0, 2, 3)[before] : (before + len(secret.encode())) * 8 // 6]
        yield own
        yield own.translate(str.maketrans("+/", "-_"))


def _header_values(environ: Mapping[str, str]) -> Iterator[str]:
    for line in environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() not in _ORDINARY_HEADERS:
            yield value.strip()


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


def _looks_like(token: str, secrets: Secrets) -> bool:
    if "***" in token or _KEY_SHAPED.match(token):
        return True
    return len(token) >= _LEAST and any(
        token in secret or token[:_LEAST] == secret[:_LEAST] or token[-_LEAST:] == secret[-_LEAST:]
        for secret in secrets
    )


def _checked(key: str, variable: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise EndpointRefused(
            f"environment variable {variable}: holds white space, a line break or a non-ASCII character, "
            "which no API key has; set it again"
        )
    return key
