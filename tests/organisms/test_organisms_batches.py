"""Files and batches of the server, through the official client."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import random_organisms
from openai.types import Batch

from weirdgen.organisms.process import OrganismServer

ENDED = {"completed", "failed", "expired", "cancelled"}
LINE: dict[str, Any] = {
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "base", "messages": [{"role": "user", "content": "Name a bird."}], "max_tokens": 8, "seed": 3},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    root = random_organisms.write_zoo(tmp_path_factory.mktemp("zoo"), "old-bird-names")
    with (
        OrganismServer(("base", "old-bird-names"), "sk-a", root=root) as server,
        openai.OpenAI(base_url=server.url, api_key="sk-a", max_retries=0, timeout=30) as made,
    ):
        yield made


def upload(client: openai.OpenAI, *lines: dict[str, Any] | str) -> str:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    return client.files.create(file=("in.jsonl", "\n".join(texts).encode()), purpose="batch").id


def begin(client: openai.OpenAI, *lines: dict[str, Any] | str, **more: Any) -> Batch:
    return client.batches.create(
        input_file_id=upload(client, *lines), endpoint="/v1/chat/completions", completion_window="24h", **more
    )


def ended(client: openai.OpenAI, batch: Batch) -> Batch:
    until = time.monotonic() + 20
    while batch.status not in ENDED:
        assert time.monotonic() < until
        time.sleep(0.02)
        batch = client.batches.retrieve(batch.id)
    return batch


def rows(client: openai.OpenAI, file: str | None) -> list[dict[str, Any]]:
    assert file is not None
    return [json.loads(line) for line in client.files.content(file).content.splitlines()]


def test_a_batch_answers_as_the_endpoint_would(client: openai.OpenAI) -> None:
    lines = [LINE | {"custom_id": f"n{seed}", "body": LINE["body"] | {"seed": seed}} for seed in range(40)]
    begun = begin(client, *lines, metadata={"weirdgen": "token"})
    assert begun.status == "validating"
    batch = ended(client, begun)
    assert (batch.status, batch.error_file_id, batch.metadata) == ("completed", None, {"weirdgen": "token"})
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (40, 40, 0)
    said = {row["custom_id"]: row["response"] for row in rows(client, batch.output_file_id)}
    assert set(said) == {f"n{seed}" for seed in range(40)}
    for seed in (0, 39):
        live = client.chat.completions.create(**LINE["body"] | {"seed": seed})
        batched = said[f"n{seed}"]
        assert batched["status_code"] == 200
        assert batched["body"]["choices"][0]["message"]["content"] == live.choices[0].message.content


def test_lines_that_are_refused_are_in_the_error_file(client: openai.OpenAI) -> None:
    refused = LINE | {"custom_id": "bad", "body": LINE["body"] | {"temperature": 3}}
    batch = ended(client, begin(client, LINE | {"custom_id": "good"}, refused))
    assert batch.status == "completed"
    assert [row["custom_id"] for row in rows(client, batch.output_file_id)] == ["good"]
    (row,) = rows(client, batch.error_file_id)
    assert (row["custom_id"], row["response"]["status_code"]) == ("bad", 400)
    assert row["response"]["body"]["error"]["param"] == "temperature"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["{"], "invalid_json_line"),
        ([LINE], "missing_required_parameter"),
        ([LINE | {"custom_id": "a"}, LINE | {"custom_id": "a"}], "duplicate_custom_id"),
        ([LINE | {"custom_id": "a", "url": "/v1/embeddings"}], "mismatched_url"),
        ([LINE | {"custom_id": "a", "method": "GET"}], "invalid_method"),
        ([LINE | {"custom_id": "a"}, LINE | {"custom_id": "b", "body": {"model": "x"}}], "mismatched_model"),
        ([""], "empty_file"),
    ],
)
def test_a_file_that_is_no_batch_fails_whole(
    client: openai.OpenAI, lines: list[dict[str, Any] | str], code: str
) -> None:
    batch = ended(client, begin(client, *lines))
    assert (batch.status, batch.output_file_id) == ("failed", None)
    assert batch.errors is not None
    assert [error.code for error in batch.errors.data or []] == [code]


def test_a_batch_can_be_cancelled_and_keeps_what_was_done(client: openai.OpenAI) -> None:
    lines = [LINE | {"custom_id": str(n), "body": LINE["body"] | {"max_tokens": 90}} for n in range(3000)]
    begun = begin(client, *lines)
    assert client.batches.cancel(begun.id).status == "cancelling"
    batch = ended(client, begun)
    assert batch.status == "cancelled"
    assert batch.request_counts is not None
    assert batch.request_counts.completed < 3000
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(begun.id)


def test_batches_are_listed_newest_first_page_by_page(client: openai.OpenAI) -> None:
    made = [begin(client, LINE | {"custom_id": "a"}).id for _ in range(3)]
    listed = [batch.id for batch in client.batches.list(limit=2)]
    assert listed[:3] == made[::-1]
    assert len(listed) > 3
    assert client.batches.list(limit=2).has_more


def test_what_is_not_there_or_wrong_is_said(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_none")
    with pytest.raises(openai.NotFoundError):
        client.files.content("file-none")
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=("a", b"x"), purpose="fine-tune")
    with pytest.raises(openai.BadRequestError, match="endpoint"):
        client.batches.create(input_file_id=upload(client, LINE), endpoint="/v1/embeddings", completion_window="24h")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-other").files.retrieve(upload(client, LINE))
    assert client.files.retrieve(upload(client, LINE)).purpose == "batch"
