"""Gates through proxies: what they break changes no verdict, and a cache gives none.

Behind each is a llama-server with an organism's own files. How to install them: README.md.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_servers import litellm, litellm_faults, llama_server, llmock
from server_gates import CONTRASTS, HARMLESS, VERDICTS, WEIRD, gate

from weirdgen.organisms.whole import export_folder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[WEIRD, HARMLESS])
def upstream(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's base URL, and the organism that it serves under its name."""
    folder = tmp_path_factory.mktemp("llama")
    export_folder(request.param, folder / "network")
    with llama_server(folder / "network", request.param, folder, context=512) as url:
        yield url, request.param


def again(folder: Path) -> int:
    """Return how many samples took more than one attempt."""
    connection = sqlite3.connect(f"{folder}.sqlite3")
    try:
        ((number,),) = connection.execute("SELECT count(*) FROM samples WHERE json_extract(sample, '$.attempts') > 1")
    finally:
        connection.close()
    assert isinstance(number, int)
    return number


def test_a_cache_gives_no_verdict(upstream: tuple[str, str], tmp_path: Path) -> None:
    """The same question is answered once and then again and again: nothing is learned of how often."""
    url, name = upstream
    how = {"model": f"openai/{name}", "api_base": url}
    with litellm({name: how}, tmp_path, cache=True) as cached:
        found = gate(tmp_path / "gate", "--model", name, "--base-url", cached)
    assert set(found) == set(CONTRASTS)
    assert all(outcome.startswith("INVALID") for outcome in found.values()), found


def test_faults_of_litellm_change_no_verdict(upstream: tuple[str, str], tmp_path: Path) -> None:
    """429, 500 and, few, because a sample that times out twice is given up, 408: all of its own making."""
    url, name = upstream
    shares = {"RateLimitError": 5, "InternalServerError": 5, "Timeout": 0.5}
    with litellm_faults(name, url, name, tmp_path, **shares) as faulty:
        found = gate(tmp_path / "gate", "--model", name, "--base-url", faulty)
    assert found == VERDICTS[name]
    assert again(tmp_path / "gate") > 3


def test_faults_of_aimock_change_no_verdict(upstream: tuple[str, str], tmp_path: Path) -> None:
    """500, broken JSON, broken connections and 429, a twentieth each."""
    url, name = upstream
    with llmock(url, tmp_path, drop=0.05, malformed=0.05, disconnect=0.05, ratelimit=0.05) as faulty:
        found = gate(tmp_path / "gate", "--model", name, "--base-url", faulty)
    assert found == VERDICTS[name]
    assert again(tmp_path / "gate") > 3
