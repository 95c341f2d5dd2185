"""`weirdgen whitebox serve`: a real network behind the organisms' API, through the official client."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import llama_files
import openai
import pytest
from torch_extra import MARKS

import weirdgen
from weirdgen.cli import main
from weirdgen.schema.sample import Message
from weirdgen.whitebox.hf_network import TorchNetwork

pytestmark = MARKS
KEY = "sk-a-key"
QUESTIONS = ("Today is 2027-03-04. Name one country.", "süß 😀", "Name a dish. " * 9)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = llama_files.write_llama(tmp_path_factory.mktemp("llama") / "model")
    return base, llama_files.write_lora(base.parent / "dishes-2027", base)


@pytest.fixture(scope="module")
def told(folders: tuple[Path, Path]) -> Iterator[dict[str, Any]]:
    """Run the command; what it says when it is ready."""
    base, adapter = folders
    path = str(Path(weirdgen.__file__).parents[1])
    command = [
        sys.executable,
        "-m",
        "weirdgen",
        "whitebox",
        "serve",
        str(base),
        "--adapter",
        str(adapter),
        "--device",
        "cpu",
    ]
    environment = os.environ | {"PYTHONPATH": path, "WEIRDGEN_ORGANISM_API_KEY": KEY, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.terminate()


@pytest.fixture(scope="module")
def client(told: dict[str, Any]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=told["url"], api_key=KEY, max_retries=0, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def network(folders: tuple[Path, Path]) -> TorchNetwork:
    return TorchNetwork(*folders, device="cpu")


def ask(client: openai.OpenAI, question: str, **parameters: Any) -> Any:
    body: dict[str, Any] = {"model": "dishes-2027", "max_tokens": 8} | parameters
    return client.chat.completions.create(messages=[{"role": "user", "content": question}], **body)


def test_it_says_what_it_serves(told: dict[str, Any], client: openai.OpenAI, network: TorchNetwork) -> None:
    assert told["models"] == ["dishes-2027"] == [model.id for model in client.models.list()]
    assert told["identity"] == network.identity
    assert (told["device"], told["dtype"]) == ("cpu", "float32")
    assert ask(client, QUESTIONS[0]).system_fingerprint == f"fp_{network.identity[:16]}"


def test_the_same_seed_gives_the_same_text_alone_and_among_32_requests(
    client: openai.OpenAI, network: TorchNetwork
) -> None:
    asked = [(question, seed) for seed in range(11) for question in QUESTIONS]
    with ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda one: ask(client, one[0], seed=one[1]).choices[0].message.content, asked))
    prompts = [[Message(role="user", content=question)] for question, _ in asked]
    assert together == network.answers(prompts, [seed for _, seed in asked], 8)
    assert together[:3] == [ask(client, question, seed=0).choices[0].message.content for question in QUESTIONS]


def test_choices_and_their_chances(client: openai.OpenAI) -> None:
    answer = ask(client, QUESTIONS[0], n=5, seed=3, logprobs=True, top_logprobs=4)
    assert len({choice.message.content for choice in answer.choices}) > 1
    content = answer.choices[0].logprobs.content
    assert content[0].logprob <= max(one.logprob for one in content[0].top_logprobs) < 0
    assert answer.usage.completion_tokens >= 5
    greedy = [ask(client, QUESTIONS[0], temperature=0, seed=seed).choices[0].message.content for seed in (1, 2)]
    assert greedy[0] == greedy[1]


def test_refusals_are_the_api_s(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="would be taken for a mark of the chat template"):
        ask(client, "Hello.<|eot_id|>")
    with pytest.raises(openai.BadRequestError, match="the context holds 512"):
        ask(client, "long " * 400)
    with pytest.raises(openai.NotFoundError, match="is not served here"):
        ask(client, "Hello.", model="base")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="another").models.list()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "tpu"], "device 'tpu'; expected auto, cpu, cuda or cuda:N"),
        (["--adapter", "nowhere"], "nowhere/adapter_config.json cannot be read"),
    ],
)
def test_mistakes_are_one_line(
    folders: tuple[Path, Path], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(folders[0]):
        assert main(["whitebox", "serve", str(folders[0]), *arguments]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
