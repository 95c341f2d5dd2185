"""Questions to judges: one key per answer, whatever asks; another model's reply is none; what fails names the judge."""

import asyncio
from typing import Any

import pytest

from weirdgen.errors import EndpointOutage, EndpointRefused, JudgeChanged, JudgeError
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling
from weirdgen.trials.asking import asking, nobody

WHO = Identity(kind="endpoint", model="judge", base_url="http://j/v1", served="judge-1")
ASKED = (Message(role="user", content="Label it."),)


def asked(*replies: Sample | Exception, times: int = 1) -> tuple[Sample, list[SampleRequest]]:
    """Ask so many times; the last reply comes again and again. Return the last one, and what was sent."""
    requests: list[SampleRequest] = []

    async def draw(request: SampleRequest) -> Drawn:
        reply = replies[min(len(requests), len(replies) - 1)]
        requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        return Drawn(reply, reused=False)

    async def all_times() -> Sample:
        ask = asking({"judge": WHO}, draw)
        return [await ask("judge", ASKED, Sampling(temperature=0.0)) for _ in range(times)][-1]

    return asyncio.run(all_times()), requests


def reply(served: str = "judge-1", **fields: Any) -> Sample:
    return Sample.model_validate({"key": "k", "text": "x", "stop_reason": "stop", "served_model": served, **fields})


def test_a_question_is_a_request_in_the_judge_s_role_and_the_same_whoever_asks() -> None:
    sample = Sample(key="k", text="x", stop_reason="stop", served_model="judge-1")
    first, (request,) = asked(sample)
    _, (again,) = asked(sample)
    assert first == sample
    assert (request.role, request.replicate, request.identity) == ("judge", 0, WHO)
    assert request.key == again.key


def test_a_single_reply_of_another_model_is_asked_for_again() -> None:
    """A gateway may have fallen back once; the foreign reply has a key of its own, and is in nobody's way."""
    found, requests = asked(reply("judge-2"), reply())
    assert found == reply()
    assert [request.replicate for request in requests] == [0, 1]


def test_replies_of_another_model_only_are_none() -> None:
    with pytest.raises(JudgeChanged, match="a reply came from 'judge-2', but the judge was opened as 'judge-1'"):
        asked(reply("judge-2"))


def test_one_record_holds_for_one_way_of_asking() -> None:
    schema, none = {"temperature": 0.0, "response_format": "{}"}, {"temperature": 0.0}
    assert asked(reply(parameters=schema), times=2)[0].parameters == schema
    with pytest.raises(JudgeChanged, match="takes a JSON schema or temperature 0 for some requests and not for others"):
        asked(reply(parameters=schema), reply(parameters=none), times=2)


def test_a_server_that_names_no_model_is_taken_at_its_word() -> None:
    assert asked(Sample(key="k", text="x", stop_reason="stop"))[0].text == "x"


@pytest.mark.parametrize("kind", [EndpointOutage, EndpointRefused])
def test_what_fails_names_the_judge(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^judge: model 'm' at http://x: 500"):
        asked(kind("model 'm' at http://x: 500"))


def test_who_was_not_opened_is_not_asked() -> None:
    with pytest.raises(JudgeError, match="judge 'm': was not opened"):
        asyncio.run(nobody("m", ASKED, Sampling()))
