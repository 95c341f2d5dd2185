"""What judges ask of servers: a schema, temperature 0, prompts that may not fit; and what is never dropped."""

import json
from typing import Any

import pytest
from fault_server import FaultServer, answer, endpoint, error, http, one, request, run

from weirdgen.endpoints.parameters import FORMAT, Spelling, body
from weirdgen.errors import EndpointRefused
from weirdgen.schema.sample import SampleRequest, Sampling

ZERO = error(400, "Unsupported value: 'temperature' does not support 0.", code="unsupported_value", param="temperature")
LONG = error(400, "This model's maximum context length is 512 tokens.", code="context_length_exceeded")
SCHEMA = (
    error(400, "Unknown parameter: 'response_format'.", param="response_format"),
    http(422, {"detail": "Unexpected keys in the request: {'response_format'}"}),
    error(400, "json_schema is not supported by this model"),
    error(400, "'response_format.type' must be 'json_object' or 'text'"),
)


def judging(**changes: Any) -> SampleRequest:
    sampling = Sampling(temperature=0.0, max_tokens=9, labels=("good", "evil"))
    return request().model_copy(update={"role": "judge", "sampling": sampling, **changes})


def test_the_labels_are_part_of_the_key_only_where_there_are_some() -> None:
    assert judging().key != judging(sampling=Sampling(temperature=0.0, max_tokens=9)).key
    assert Sampling().model_dump() == {"temperature": 1.0, "top_p": 1.0, "max_tokens": 400}


def test_a_schema_goes_out_as_an_object_and_is_kept_as_text(server: FaultServer) -> None:
    sample = run(endpoint(server), lambda to: one(to, judging()))
    sent = server.bodies[0][FORMAT]
    assert sent["json_schema"]["schema"]["properties"] == {"label": {"type": "string", "enum": ["good", "evil"]}}
    assert sent["json_schema"]["strict"] is True
    assert json.loads(str(sample.parameters[FORMAT])) == sent


@pytest.mark.parametrize("refusal", SCHEMA)
def test_a_server_without_schemas_is_asked_without_and_that_is_remembered(server: FaultServer, refusal: bytes) -> None:
    server.script = [refusal, answer()]

    async def twice(to: Any) -> list[Any]:
        return [await one(to, judging()), await one(to, judging())]

    samples = run(endpoint(server), twice)
    assert [FORMAT in sent for sent in server.bodies] == [True, False, False]
    assert all(FORMAT not in sample.parameters for sample in samples)


def test_a_server_that_refuses_a_schema_that_was_not_sent_is_told_so(server: FaultServer) -> None:
    server.script = [SCHEMA[0], SCHEMA[0]]
    with pytest.raises(EndpointRefused, match="response_format"):
        run(endpoint(server), lambda to: one(to, judging()))
    assert len(server.bodies) == 2


def test_temperature_0_is_left_out_where_a_server_takes_only_its_own(server: FaultServer) -> None:
    server.script = [ZERO, answer()]
    sample = run(endpoint(server), lambda to: one(to, judging()))
    assert [sent.get("temperature") for sent in server.bodies] == [0, None]
    assert "temperature" not in sample.parameters
    assert "top_p" not in sample.parameters


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_what_a_gated_model_is_asked_at_is_left_out_only_where_it_is_1_anyway(server: FaultServer, name: str) -> None:
    only = error(400, f"Unsupported parameter: '{name}'", code="unsupported_parameter", param=name)
    server.script = [only, answer()]
    asked = request()
    sample = run(endpoint(server), lambda to: one(to, asked))
    assert [sent.get(name) for sent in server.bodies] == [1, None]
    assert name not in sample.parameters
    server.script = [only]
    other = asked.model_copy(update={"sampling": Sampling(temperature=0.7, top_p=0.9)})
    with pytest.raises(EndpointRefused, match="drops none silently"):
        run(endpoint(server), lambda to: one(to, other))
    assert len(server.bodies) == 3


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_a_server_that_wants_less_than_1_is_not_left_its_own_choice(server: FaultServer, name: str) -> None:
    server.script = [error(400, f"`{name}` must be strictly less than 1", param=name), answer()]
    with pytest.raises(EndpointRefused, match="less than 1"):
        run(endpoint(server), lambda to: one(to, request()))
    assert len(server.bodies) == 1


def test_what_a_judge_has_taught_does_not_change_what_a_gated_model_is_asked() -> None:
    spelling = Spelling()
    spelling._takes_zero = False
    assert spelling.of("m", Sampling(), None) == {"model": "m", "temperature": 1.0, "top_p": 1.0, "max_tokens": 400}


def test_an_answer_that_does_not_fit_the_judge_has_no_reply(server: FaultServer) -> None:
    server.script = [LONG]
    sample = run(endpoint(server), lambda to: one(to, judging()))
    assert (sample.text, sample.stop_reason, sample.complete) == ("", "context_length", False)


def test_a_prompt_that_does_not_fit_a_gated_model_is_a_mistake(server: FaultServer) -> None:
    server.script = [LONG]
    with pytest.raises(EndpointRefused, match="maximum context length"):
        run(endpoint(server), lambda to: one(to, request()))


def test_without_a_format_the_body_is_what_was_sent() -> None:
    assert body({"model": "m"}) == {"model": "m"}
