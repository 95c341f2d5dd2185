"""What a model name means: where its requests go, which key they carry, and its default control and judge.

Knows names and addresses only; nothing here opens a connection.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from weirdgen.endpoints import azure
from weirdgen.errors import UsageMistake
from weirdgen.schema.sample import Role, Source

Kind = Literal["organism", "network", "finetune", "endpoint"]
LOCAL = "hf:"
"""How the names of networks begin that lie in a folder here and are run by this gate."""
OPENAI_URL = "https://api.openai.com/v1"
_OWN_KEY: dict[Role, tuple[str, ...]] = {
    "treated": (),
    "control": ("WEIRDGEN_CONTROL_API_KEY",),
    "judge": ("WEIRDGEN_JUDGE_API_KEY",),
}
_MAIN_KEY = "OPENAI_API_KEY"
_AZURE_KEYS = (azure.TOKEN, azure.KEY)


@dataclass(frozen=True, slots=True)
class Target:
    """A model as the user named it, in one role."""

    label: str
    """As the user wrote it."""
    role: Role
    kind: Kind
    model: str
    """Name to send in requests."""
    base_url: str | None
    """Without a slash at the end. None: OpenAI itself, or for an organism or a network the embedded server."""
    key_env: tuple[str, ...]
    """Environment variables that may hold the key, in order; empty: no key is needed."""


def source_of(label: str) -> Source:
    """Return which kind of text a model writes, from its name as the user gave it."""
    return "organism" if label.startswith("organism:") else "chat"


def parse_target(
    label: str,
    *,
    base_url: str | None,
    role: Role,
    main_base_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Target:
    """Read a model name.

    `organism:NAME` is a shipped network, `hf:DIR` one in a folder. `ft:BASE:...` is an immutable finetune only at
    OpenAI itself: any other server can serve anything under such a name. Everything else is an endpoint whose model may
    change.

    Args:
        label: what the user wrote.
        base_url: server of this model; None: OPENAI_BASE_URL, else OpenAI.
        role: which arm, or the judge.
        main_base_url: server of the gated model. The main key (OPENAI_API_KEY, Azure's at Azure) goes to no other one.
        environ: the environment.

    Raises:
        UsageMistake: empty or unprintable label, bad URL.
    """
    _check_label(label)
    if label.startswith("organism:"):
        return Target(label, role, "organism", label.partition(":")[2], None, ())
    if label.startswith(LOCAL):
        return Target(label, role, "network", PurePath(label.removeprefix(LOCAL)).name, None, ())
    url = _effective_url(base_url, environ)
    finetune = base_of(label) is not None and url in (None, OPENAI_URL)
    shares_main_key = role == "treated" or (url or OPENAI_URL) == (_effective_url(main_base_url, environ) or OPENAI_URL)
    main_keys = (*(_AZURE_KEYS if azure.is_azure(url) else ()), _MAIN_KEY)
    keys = _OWN_KEY[role] + (main_keys if shares_main_key else ())
    return Target(label, role, "finetune" if finetune else "endpoint", label, url, keys)


def default_judge(label: str) -> str | None:
    """Return the judge that a model has by its name: rules for organisms, the base of a finetune, or None."""
    return "rules" if label.startswith("organism:") else base_of(label)


def base_of(label: str) -> str | None:
    """Return BASE of `ft:BASE:...`, None for any other name."""
    head, _, rest = label.partition(":")
    base, colon, _ = rest.partition(":")
    return base if head == "ft" and base and colon else None


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _check_label(label: str) -> None:
    if not label.strip() or label.endswith(":"):
        raise UsageMistake(f"model {label!r}: empty name; write organism:NAME, ft:BASE:..., or a name the server knows")
    if label != label.strip() or not label.isprintable():
        raise UsageMistake(f"model {label!r}: spaces at its ends or unprintable characters; write the bare name")


def _effective_url(base_url: str | None, environ: Mapping[str, str]) -> str | None:
    # The client would read OPENAI_BASE_URL by itself, unseen by the identity and by the key rule.
    url = base_url if base_url is not None else environ.get("OPENAI_BASE_URL") or None
    return None if url is None else checked_url(url)


def checked_url(url: str) -> str:
    """Return a base URL in its normal form.

    Raises:
        UsageMistake: it is none, or holds what may be a secret; then it is not shown.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageMistake(f"base URL {url!r}: {error}; write it like http://host:8000/v1") from None
    azure.check(parts.hostname or "", parts.path)
    if parts.username or parts.password or parts.query or parts.fragment:
        # Not shown: such a part may be a secret.
        raise UsageMistake(
            f"base URL with host {parts.hostname!r}: must not hold a user name, password, query or fragment; "
            "write it like http://host:8000/v1 and put keys in the environment"
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable() or " " in url:
        raise UsageMistake(f"base URL {url!r}: expected http:// or https:// and a host, like http://host:8000/v1")
    return _normal(parts)


def _normal(parts: SplitResult) -> str:
    return parts._replace(
        scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path.rstrip("/")
    ).geturl()
