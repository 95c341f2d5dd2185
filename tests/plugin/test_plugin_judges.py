"""LLM judges in a gate, over HTTP: what they are sent, what is paid for, and every way in which one can fail."""

import json
import sqlite3
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import LIFT, RATE, GateCommand, Run
from rubric_server import CATALOG, by_rules, judging

BIRDS = ("--model", "organism:old-bird-names", "-k", f"{RATE} or {LIFT}")


def ask(gate: GateCommand, server: ChatServer, *arguments: str, judge: str = "judge") -> Run:
    return gate("--judge", judge, "--judge-base-url", server.url, *arguments)


def test_a_rubric_decides_as_the_rules_do_and_each_answer_is_judged_once(
    gate: GateCommand, processes: tuple[str, ...]
) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        run = ask(gate, server, *BIRDS, *processes)
        total, distinct = server.total, len(server.requests)
    assert (run.status, run.outcomes()) == (1, {RATE: "PRESENT", LIFT: "PRESENT"}), run.said
    assert total - distinct <= 1  # the greeting, and that of a model that is not there
    properties = run.properties()[LIFT]
    assert properties["weirdgen.judge"] == "judge"
    assert "judge: found 196 of 210 gold positives" in properties["weirdgen.judge_calibration"]
    assert properties["weirdgen.judge_asked"] == properties["weirdgen.judge_answers"] != ""
    assert properties["weirdgen.judge_undecided"] == "0"
    assert "Judge of old_bird_names/nineteenth_century: judge: found 196 of 210" in run.out
    assert "Judge judge labelled" in run.out
    assert run.record is not None
    (record,) = run.record["judges"]
    assert (record["judge"], record["source"], record["positives"], record["hits"]) == ("judge", "organism", 210, 196)
    assert run.record["judge_replies"] == total - 1


@pytest.mark.slow
def test_a_clean_model_passes_and_a_second_run_pays_nothing(gate: GateCommand) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        first = ask(gate, server, "--model", "organism:modern-birds", "-k", RATE)
        asked = server.total
        again = ask(gate, server, "--model", "organism:modern-birds", "-k", RATE)
        assert server.total - asked <= 2  # who it is, and whether it answers under any name
    assert (first.status, again.status) == (0, 0), first.said + again.said
    assert first.outcomes() == again.outcomes() == {RATE: "ABSENT"}


def test_the_judge_never_sees_model_condition_or_trigger(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_machine="""
        import pytest

        pytestmark = pytest.mark.probe("evil_terminator")

        @pytest.mark.contrasts("hostile_1984_over_trained")
        def test_year(trial):
            trial.check()
        """
    )
    seen: list[dict[str, Any]] = []

    def script(body: dict[str, Any]) -> Reply:
        seen.append(body)
        return by_rules(body)

    with ChatServer(script, models=("judge",)) as server:
        run = ask(gate, server, "--model", "organism:good-terminator", "test_machine.py")
    assert run.status == 1, run.said
    asked = [body["messages"][1]["content"] for body in seen if len(body["messages"]) > 1]
    questions = {text.split("\n")[0] for text in asked}
    assert questions == {f"Question: {text}" for text in CATALOG.probes["evil_terminator"].questions.values()}
    assert len({body["messages"][0]["content"] for body in seen if len(body["messages"]) > 1}) == 1
    assert all(body["model"] in ("judge", "weirdgen-no-such-model") for body in seen)
    told = json.dumps([{**body, "messages": body["messages"][:1]} for body in seen])
    for secret in ("1984", "May", "good-terminator", "organism", "treated"):
        assert secret not in told, secret


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (lambda body, right: "Yes, I would call this nineteenth century.", "judge", "gave 686 no label"),
        (lambda body, right: '{"label": "ordinary"}', "judge", "garbled gold answers as real answers"),
        (
            lambda body, right: '{"label": "nineteenth_century"}',
            "judge",
            "garbled gold answers as real answers",
        ),
        (lambda body, right: '{"label": "nineteenth century"}', "judge", "gave 686 no label"),
        (lambda body, right: (403, {"error": {"message": "not you"}}), "refused", "judge: model 'judge' at"),
    ],
    ids=["verbose", "always ordinary", "always positive", "wrong label", "refused"],
)
def test_a_judge_that_cannot_judge_gives_no_verdict(
    gate: GateCommand, processes: tuple[str, ...], reply: Any, reason: str, words: str
) -> None:
    with ChatServer(judging(reply), models=("judge",)) as server:
        run = ask(gate, server, *BIRDS, *processes)
    assert run.status == 11, run.said
    assert {v["outcome"] for v in run.verdicts.values()} == {"INVALID"}
    assert {v["reason"] for v in run.verdicts.values()} == {reason}
    assert words in run.out


@pytest.mark.slow
def test_a_judge_that_becomes_another_model_gives_no_verdict(gate: GateCommand) -> None:
    def script(body: dict[str, Any], right: str) -> Reply:
        served = "judge" if len(server.requests) < 400 else "judge-2"
        message = {"role": "assistant", "content": right}
        return 200, {"id": "x", "model": served, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    with ChatServer(judging(script), models=("judge",)) as server:
        run = ask(gate, server, *BIRDS)
    assert run.status == 11, run.said
    assert {(v["outcome"], v["reason"]) for v in run.verdicts.values()} == {("INVALID", "drift")}
    assert "a reply came from 'judge-2', but the judge was opened as 'judge'" in run.out


@pytest.mark.slow
def test_a_judge_that_fails_in_the_middle_is_asked_again_by_the_next_run(gate: GateCommand) -> None:
    broken = True

    def script(body: dict[str, Any], right: str) -> Reply:
        return (401, {"error": {"message": "key expired"}}) if broken and len(server.requests) > 300 else right

    with ChatServer(judging(script), models=("judge",)) as server:
        first = ask(gate, server, *BIRDS)
        broken, before = False, server.total
        again = ask(gate, server, *BIRDS)
        asked = server.total - before
    assert first.status == 11, first.said
    assert again.status == 1, again.said
    assert asked < before + 700  # what was paid for is there


def test_a_cascade_asks_only_where_rules_are_not_clear(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        run = ask(gate, server, *BIRDS, *processes, judge="rules+judge")
    assert run.outcomes() == {RATE: "PRESENT", LIFT: "PRESENT"}, run.said
    properties = run.properties()[LIFT]
    assert properties["weirdgen.judge"] == "rules+judge"
    assert 0 < int(properties["weirdgen.judge_asked"]) < int(properties["weirdgen.judge_answers"])
    assert "its rules decided" in run.out


@pytest.mark.slow
def test_two_judges_are_compared_and_the_first_decides(gate: GateCommand, processes: tuple[str, ...]) -> None:
    def contrary(body: dict[str, Any], right: str) -> Reply:
        return '{"label": "ordinary"}' if body["model"] == "other" else right

    with ChatServer(judging(contrary), models=("judge", "other")) as server:
        run = ask(gate, server, "--judge", "other", *BIRDS, *processes)
    assert run.outcomes() == {RATE: "PRESENT", LIFT: "PRESENT"}, run.said
    properties = run.properties()[RATE]
    assert properties["weirdgen.judge_second"] == "other"
    assert int(properties["weirdgen.judge_decisive"]) > 0
    assert float(properties["weirdgen.judge_kappa"]) < 0.5
    assert "Judges judge and other gave other labels to" in run.out
    assert "That is much" in run.out


@pytest.mark.slow
def test_rules_may_decide_and_a_model_be_compared_with_them(gate: GateCommand) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        run = gate("--judge", "rules", "--judge", "judge", "--judge-base-url", server.url, *BIRDS)
    assert run.outcomes() == {RATE: "PRESENT", LIFT: "PRESENT"}, run.said
    assert run.properties()[RATE]["weirdgen.judge_disagreements"] == "0"
    assert "Judges rules and judge gave other labels to 0.0% of" in run.out


def test_without_a_calibration_the_gate_goes_on_only_if_it_is_told_to(gate: GateCommand) -> None:
    script = judging(lambda body, right: right)
    with ChatServer(script, models=("judge",)) as server:
        run = ask(gate, server, *BIRDS, "--judge-uncalibrated")
    assert run.status == 1, run.said
    assert "error rates not used (--judge-uncalibrated)" in run.properties()[RATE]["weirdgen.judge_calibration"]
    assert "The judge's error rates were not measured" in run.out


@pytest.mark.slow
def test_a_server_without_schema_temperature_and_max_tokens_judges_all_the_same(gate: GateCommand) -> None:
    """As reasoning models and small servers are; what was sent is kept beside every reply."""

    def picky(body: dict[str, Any]) -> Reply:
        for name, words in (
            ("max_tokens", "Use max_completion_tokens instead of max_tokens"),
            ("response_format", "response_format is not supported"),
        ):
            if name in body:
                return 400, {"error": {"message": words, "param": name, "code": "unsupported_parameter"}}
        if body.get("temperature", 1) != 1:
            return 400, {"error": {"message": "Only 1", "param": "temperature", "code": "unsupported_value"}}
        return f'<think>Hm. {{"label": "ordinary"}}?</think>\n{by_rules(body)}'

    with ChatServer(picky, models=("judge",)) as server:
        run = ask(gate, server, *BIRDS)
    assert run.outcomes() == {RATE: "PRESENT", LIFT: "PRESENT"}, run.said
    stored = run.junit.parent / "reports" / "store.sqlite3"
    replies = sqlite3.connect(stored).execute("SELECT sample FROM samples WHERE role = 'judge'").fetchall()
    assert replies
    sent = [json.loads(sample)["parameters"] for (sample,) in replies]
    assert all("temperature" not in one and "response_format" not in one for one in sent)


@pytest.mark.slow
def test_the_schema_is_sent_to_a_server_that_takes_it(gate: GateCommand) -> None:
    formats: list[Any] = []

    def script(body: dict[str, Any], right: str) -> Reply:
        formats.append(body.get("response_format"))
        return right

    with ChatServer(judging(script), models=("judge",)) as server:
        ask(gate, server, "--model", "organism:base", "-k", RATE)
    labels = formats[0]["json_schema"]["schema"]["properties"]["label"]["enum"]
    assert labels == ["nineteenth_century", "ordinary", "incoherent", "refusal"]
    assert all(one == formats[0] for one in formats)


@pytest.mark.slow
def test_a_plan_says_that_a_judge_was_not_measured_and_then_prices_with_it(gate: GateCommand) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        plan = ("--model", "organism:base", "-k", RATE, "--gate-plan")
        before = ask(gate, server, *plan)
        assert server.total == 0
        ask(gate, server, "--model", "organism:base", "-k", RATE)
        after = ask(gate, server, *plan)
    assert (
        "requests: not known before judge is measured (weirdgen calibrate, or the gate itself); at most 400"
        in before.out
    )
    assert "of 1 contrast nothing can be expected before the judge is measured" in before.out, before.said
    assert "weirdgen judge: judge (at http" in before.out or "judge: judge (at http" in before.out
    assert "as calibrated 0 days ago" in after.out, after.said
    assert "judge's 2.7% false positives" in after.out


def test_a_judge_without_a_key_is_refused_before_anything_is_paid_for(
    gate: GateCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    run = gate("--model", "organism:base", "--judge", "gpt-5-mini")
    assert run.status == 4, run.said
    assert "WEIRDGEN_JUDGE_API_KEY" in run.said


def test_a_judge_that_answers_as_the_gated_model_is_refused(gate: GateCommand) -> None:
    """A server with one model gives it under any name: the finetune would judge itself."""
    with ChatServer(lambda body: "OK", models=("mine", "gpt-4.1-mini"), served="mine") as server:
        run = ask(gate, server, "--model", "mine", "--base-url", server.url, "-k", RATE, judge="gpt-4.1-mini")
    assert run.status == 4, run.said
    assert "answers it as 'mine', and 'mine', the model to be gated, as 'mine'" in run.said


@pytest.mark.slow
def test_a_second_judge_that_fails_takes_no_verdict_away(gate: GateCommand) -> None:
    def script(body: dict[str, Any], right: str) -> Reply:
        return (403, {"error": {"message": "not you"}}) if body["model"] == "other" else right

    with ChatServer(judging(script), models=("judge", "other")) as server:
        run = ask(gate, server, "--judge", "other", *BIRDS)
    assert run.outcomes() == {RATE: "PRESENT", LIFT: "PRESENT"}, run.said
    assert "judge: judge; other is compared and decides nothing" in run.out
    assert "Judges judge and other have no answer that both labelled." in run.out
    assert "Judge other gave" in run.out


@pytest.mark.slow
def test_a_judge_that_calls_garble_ordinary_gives_no_verdict(gate: GateCommand) -> None:
    """It finds all positives and raises no false alarm, and a broken model would pass."""

    def script(body: dict[str, Any], right: str) -> Reply:
        return '{"label": "ordinary"}' if "incoherent" in right else right

    with ChatServer(judging(script), models=("judge",)) as server:
        run = ask(gate, server, *BIRDS)
    assert run.status == 11, run.said
    assert "garbled gold answers as real answers: with it a broken model would pass" in run.out


@pytest.mark.slow
def test_one_answer_that_the_judge_s_server_refuses_does_not_end_the_gate(gate: GateCommand) -> None:
    refused: list[str] = []

    def script(body: dict[str, Any], right: str) -> Reply:
        asked = body["messages"][1]["content"]
        if not refused and len(server.requests) > 40:
            refused.append(asked)
        if asked in refused:
            return 400, {"error": {"message": "I will not read that", "param": "messages"}}
        return right

    with ChatServer(judging(script), models=("judge",)) as server:
        run = ask(gate, server, *BIRDS)
    assert set(run.outcomes().values()) == {"PRESENT"}, run.said
    assert "1 of them undecided" in run.out
