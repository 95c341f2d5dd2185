"""Questions to judges: one key per answer, whatever asks; another model's reply is none; what fails names the judge."""

import asyncio

import pytest

from weirdgen.errors import EndpointOutage, EndpointRefused, JudgeError
from weirdgen.sampler.engine import Drawn
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling
from weirdgen.trials.asking import asking, nobody

WHO = Identity(kind="endpoint", model="judge", base_url="http://j/v1", served="judge-1")
ASKED = (Message(role="user", content="Label it."),)


def asked(reply: Sample | Exception) -> tuple[Sample, list[SampleRequest]]:
    requests: list[SampleRequest] = []

    async def draw(request: SampleRequest) -> Drawn:
        requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        return Drawn(reply, reused=False)

    async def once() -> Sample:
        return await asking({"judge": WHO}, draw)("judge", ASKED, Sampling(temperature=0.0))

    return asyncio.run(once()), requests


def test_a_question_is_a_request_in_the_judge_s_role_and_the_same_whoever_asks() -> None:
    sample = Sample(key="k", text="x", stop_reason="stop", served_model="judge-1")
    first, (request,) = asked(sample)
    _, (again,) = asked(sample)
    assert first == sample
    assert (request.role, request.replicate, request.identity) == ("judge", 0, WHO)
    assert request.key == again.key


def test_a_reply_of_another_model_is_none() -> None:
    with pytest.raises(JudgeError, match="a reply came from 'judge-2', but the judge was opened as 'judge-1'"):
        asked(Sample(key="k", text="x", stop_reason="stop", served_model="judge-2"))


def test_a_server_that_names_no_model_is_taken_at_its_word() -> None:
    assert asked(Sample(key="k", text="x", stop_reason="stop"))[0].text == "x"


@pytest.mark.parametrize("kind", [EndpointOutage, EndpointRefused])
def test_what_fails_names_the_judge(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^judge: model 'm' at http://x: 500"):
        asked(kind("model 'm' at http://x: 500"))


def test_who_was_not_opened_is_not_asked() -> None:
    with pytest.raises(JudgeError, match="judge 'm': was not opened"):
        asyncio.run(nobody("m", ASKED, Sampling()))
