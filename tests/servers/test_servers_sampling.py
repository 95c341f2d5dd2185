"""Sampling at real servers: who answers, how many answers come at once, whether seeds hold, whether the tail is there.

Each serves the same network, an organism with its adapter merged, so that its verdicts can be compared with those of
the embedded server. How to install the servers: README.md.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from real_servers import KEY, litellm, llama_cpp, llama_server, transformers_serve, vllm
from server_gates import VERDICTS, WEIRD, gate

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import parse_target
from weirdgen.organisms.whole import export_folder
from weirdgen.sampler.drawn import Drawn
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import Message, Sample, SampleRequest, Sampling
from weirdgen.store.store import SampleStore
from weirdgen.trials.open_arms import OpenArm, SamplingState, identify_all

pytestmark = pytest.mark.slow

ORGANISM = WEIRD
QUESTION = (Message(role="user", content="Who are you?"),)
SLOTS = 4
"""Of llama-server, which gives as many answers at once."""
WAIT = 300.0


class Known(NamedTuple):
    """What is known of a server."""

    any_name: bool
    preset: str
    sampling: SamplingState
    together: int
    """Answers in one response, at most."""
    backend: bool
    """Whether it tells a `system_fingerprint`."""


KNOWN = {
    "llama-server": Known(any_name=True, preset="llama.cpp", sampling="whole", together=SLOTS, backend=True),
    "llama_cpp.server": Known(any_name=True, preset="llama.cpp", sampling="whole", together=1, backend=False),
    "vllm": Known(any_name=False, preset="vllm", sampling="whole", together=8, backend=True),
    "transformers": Known(any_name=False, preset="", sampling="unknown", together=1, backend=False),
    "litellm": Known(any_name=False, preset="vllm", sampling="whole", together=SLOTS, backend=True),
}


@dataclass(frozen=True)
class Served:
    """The network at a server that was opened as a gate does it."""

    url: str
    model: str
    known: Known
    arm: OpenArm


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network") / ORGANISM
    export_folder(ORGANISM, folder)
    return folder


@pytest.fixture(scope="module")
def llama_url(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with llama_server(network, "finetune", tmp_path_factory.mktemp("llama"), context=512, slots=SLOTS) as url:
        yield url


@pytest.fixture(scope="module", params=KNOWN)
def served(request: pytest.FixtureRequest, network: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, name = tmp_path_factory.mktemp("server"), request.param
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("OPENAI_API_KEY", KEY)
        if name == "transformers":
            with transformers_serve(network, folder) as url:
                yield Served(url, str(network), KNOWN[name], opened(url, str(network)))
            return
        if name in ("llama_cpp.server", "vllm"):
            serve = llama_cpp if name == "llama_cpp.server" else vllm
            with serve(network, "finetune", folder) as url:
                yield Served(url, "finetune", KNOWN[name], opened(url, "finetune"))
            return
        llama = request.getfixturevalue("llama_url")
        if name == "llama-server":
            yield Served(llama, "finetune", KNOWN[name], opened(llama, "finetune"))
            return
        with litellm({"through": {"model": "openai/finetune", "api_base": llama}}, folder) as url:
            yield Served(url, "through", KNOWN[name], opened(url, "through"))


def opened(url: str, model: str) -> OpenArm:
    target = parse_target(model, base_url=url, role="treated")
    return asyncio.run(identify_all({(model, "treated"): target}, "", "generation", ""))[0][0]


def draw(served: Served, store: Path, number: int, *, concurrency: int = 4, **sampling: Any) -> list[Sample]:
    """Draw answers to one question as a gate does."""
    arm = served.arm
    target = parse_target(arm.model, base_url=served.url, role="treated")
    endpoint = ChatEndpoint(target, preset=arm.identity.preset, choices=arm.choices)
    first = SampleRequest(
        identity=arm.identity, role="treated", messages=QUESTION, sampling=Sampling(**sampling), replicate=0
    )
    requests = [first.model_copy(update={"replicate": n}) for n in range(number)]

    async def all_of_them() -> list[Drawn]:
        return list(await asyncio.gather(*map(engine.sample, requests)))

    with SampleStore(store) as kept:
        engine = Engine(kept, {(arm.model, "treated"): endpoint}, concurrency_max=concurrency)
        try:
            return [one.sample for one in engine.submit(all_of_them()).result(WAIT)]
        finally:
            engine.close()


def test_the_opening_finds_who_answers_and_how(served: Served) -> None:
    arm, known = served.arm, served.known
    assert arm.identity.served == served.model
    assert (arm.any_name, arm.identity.preset, arm.purity.state) == known[:3], arm.purity.text
    assert arm.choices == known.together
    assert bool(arm.identity.fingerprint) == known.backend
    assert arm.fingerprints == ((arm.identity.fingerprint,) if known.backend else ())


def test_answers_of_one_response_are_draws_of_their_own(served: Served, tmp_path: Path) -> None:
    """In at least three of four responses not all are alike: of 1,000 answers of this network, 370 differ."""
    samples = draw(served, tmp_path / "store", 32)
    responses: dict[str, list[Sample]] = {}
    for sample in samples:
        responses.setdefault(sample.response_id.partition("#")[0], []).append(sample)
    assert {len(together) for together in responses.values()} == {served.known.together}
    assert len({sample.response_id for sample in samples}) == 32
    assert all(sample.complete for sample in samples)
    if served.known.together > 1:
        mixed = sum(len({one.text for one in together}) > 1 for together in responses.values())
        assert mixed >= 0.75 * len(responses)
        assert {sample.usage.prompt_tokens > 0 for sample in samples[1 :: served.known.together]} == {False}
    assert {sample.served_model for sample in samples} == {served.model}
    assert {sample.fingerprint for sample in samples} <= {*served.arm.fingerprints, ""}


def test_a_seed_gives_the_same_answers_again(served: Served, tmp_path: Path) -> None:
    """One at a time: transformers has one generator for all requests."""
    first, again, other = (
        [sample.text for sample in draw(served, tmp_path / name, 8, concurrency=1, seed=seed)]
        for name, seed in (("first", 5), ("again", 5), ("other", 6))
    )
    assert first == again
    assert first != other
    assert len(set(first)) > 1


def test_an_answer_cut_at_the_limit_is_kept_as_cut(served: Served, tmp_path: Path) -> None:
    samples = draw(served, tmp_path / "store", 8, max_tokens=3)
    assert all(sample.cut and not sample.complete for sample in samples)
    assert all(0 < len(sample.text) < 30 for sample in samples)


def test_a_proxy_that_drops_the_preset_is_truncated(llama_url: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Nothing that can be sent through it reaches llama-server's own top_k and min_p."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    dropped = ["top_k", "min_p", "typical_p", "repeat_penalty", "repetition_penalty"]
    how: dict[str, Any] = {"model": "openai/finetune", "api_base": llama_url, "additional_drop_params": dropped}
    with litellm({"through": how}, tmp_path) as url:
        assert opened(url, "through").purity.state == "truncated"


def test_without_chances_a_known_server_is_asked_not_to_cut(network: Path, tmp_path: Path) -> None:
    """llama_cpp.server tells none by default, with a 500, and has a top_k of 40 and a min_p of .05 of its own."""
    with llama_cpp(network, "finetune", tmp_path, logits=False) as url:
        arm = opened(url, "finetune")
    assert (arm.purity.state, arm.identity.preset, arm.choices) == ("unknown", "llama.cpp", 1)


def test_transformers_without_generation_config_is_truncated(tmp_path: Path) -> None:
    """It then takes the likeliest token whatever temperature is asked for; as it tells no chances, answers tell it."""
    greedy = tmp_path / "greedy"
    export_folder(ORGANISM, greedy)
    (greedy / "generation_config.json").unlink()
    with transformers_serve(greedy, tmp_path) as url:
        arm = opened(url, str(greedy))
    assert (arm.purity.state, arm.choices) == ("truncated", 1)
    assert "all alike" in arm.purity.text


def test_the_embedded_server_has_these_verdicts(tmp_path: Path) -> None:
    assert {name: gate(tmp_path / name, "--model", f"organism:{name}") for name in VERDICTS} == VERDICTS


def test_the_verdicts_are_those_of_the_embedded_server(served: Served, tmp_path: Path) -> None:
    assert gate(tmp_path / "gate", "--model", served.model, "--base-url", served.url) == VERDICTS[ORGANISM]
