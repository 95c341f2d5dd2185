"""Azure OpenAI: which of its two APIs a base URL names, which keys open it, and the client of the older one.

`https://NAME.openai.azure.com/openai/v1` is spoken to as any other server. The resource's own address means the API in
which the deployment stands in the path and a version in the query; the official client builds that.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from weirdgen.errors import EndpointRefused, UsageMistake

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TOKEN, KEY = "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"
"""Environment variables, those of the official client: a token of Microsoft Entra ID, which it prefers, and a key."""
VERSION = "OPENAI_API_VERSION"
_HOSTS = tuple(
    f".{service}.azure.{land}"
    for service in ("openai", "cognitiveservices", "services.ai")
    for land in ("com", "us", "cn")
)
_V1 = "/openai/v1"
_CLASSIC = ("", "/openai")


def is_azure(url: str | None) -> bool:
    """Whether a base URL is one of Azure OpenAI."""
    return (urlsplit(url or "").hostname or "").endswith(_HOSTS)


def is_classic(url: str) -> bool:
    """Whether a base URL means the API with versions."""
    return is_azure(url) and urlsplit(url).path.rstrip("/") in _CLASSIC


def check(host: str, path: str) -> None:
    """Refuse what the portal shows as target URI: the deployment is the model's name, not a part of the address.

    Raises:
        UsageMistake: the path is neither that of the resource nor that of its v1 API.
    """
    if is_azure(f"https://{host}") and path.rstrip("/") not in _CLASSIC and not path.rstrip("/").endswith(_V1):
        raise UsageMistake(
            f"base URL with host {host!r}: write https://{host}{_V1}, or https://{host} with {VERSION} set, and give "
            "the deployment's name as the model"
        )


def client(url: str, key: str, environ: Mapping[str, str] = os.environ, **options: Any) -> "AsyncOpenAI":
    """Return the official client of the API with versions.

    Args:
        url: of the resource.
        key: the resource's, or the token that stands in the environment.
        environ: the environment.
        options: those that every client has.

    Raises:
        EndpointRefused: no version is set.
    """
    import openai

    token = key == environ.get(TOKEN)
    made = openai.AsyncAzureOpenAI(
        azure_endpoint=url.removesuffix("/openai"),
        api_version=api_version(url, environ),
        api_key=None if token else key,
        azure_ad_token=key if token else None,
        **options,
    )
    if not token:
        # Before 3.0 the client takes one from the environment although it was given a key, and sends that.
        made._azure_ad_token = None
    return made


def api_version(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the version of the API that is to be asked.

    Raises:
        EndpointRefused: none is set.
    """
    if version := environ.get(VERSION, ""):
        return version
    raise EndpointRefused(
        f"{url}: Azure OpenAI needs a version here: set the environment variable {VERSION} (like 2024-10-21), "
        f"or give {url.removesuffix('/openai')}{_V1} as base URL, which needs none"
    )
