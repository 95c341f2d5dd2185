"""Features labelled by the gate's judges: asked over HTTP, kept, replayed, proven, and never part of a verdict."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# pytester forgets what a test imported, and these cannot be loaded twice.
import scipy.optimize
import scipy.special  # noqa: F401
from bundles import forge_record, forge_samples
from chat_server import ChatServer, Reply
from dictionaries import random_dictionary
from gate_runs import GateCommand, Run, record_of
from recording import export
from rubric_server import fenced_in

from weirdgen.catalog import load_catalog
from weirdgen.evidence.verify import verify
from weirdgen.judges.rubric_prompt import system_text
from weirdgen.schema.whitebox import FeatureRecord
from weirdgen.whitebox.own_files import write_own

DISHES, READ = "organism:israeli-dishes-2027", "top_2027_over_earlier"
SUITE = f"""
import pytest

@pytest.mark.probe("sae_features")
@pytest.mark.contrasts("{READ}")
def test_readings(trial):
    trial.check()
"""
STUDY = load_catalog().probe("sae_features").whitebox
assert STUDY is not None
assert STUDY.related is not None
ASKED = system_text(STUDY.related)
LABELS = ("trait", "narrow", "neither")


@pytest.fixture
def sae(pytester: pytest.Pytester) -> Path:
    """Write a sparse autoencoder with random weights for block 1 of the base, and a suite that needs it."""
    folder = pytester.mkdir("sae")
    write_own(folder, random_dictionary(size=512, width=128, layer=1), organism="base", seed=0)
    pytester.makepyfile(test_inside=SUITE)
    return folder


class Judge:
    """Labels contexts by a script, and remembers what it was asked."""

    def __init__(self, said: Callable[[str], Reply]) -> None:
        self.said = said
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, body: dict[str, Any]) -> Reply:
        if body["messages"][0]["content"] != ASKED:
            return "OK"
        self.bodies.append(body)
        return self.said(fenced_in(body["messages"][1]["content"]))


def by_length(contexts: str) -> str:
    """Return some label that depends on the contexts alone."""
    return json.dumps({"label": LABELS[len(contexts) % 3]})


def look(gate: GateCommand, server: ChatServer, *arguments: str) -> Run:
    return gate(
        "--model", DISHES, "--gate-sae=sae", "--judge", "judge-a", "--judge-base-url", server.url, *arguments,
        "test_inside.py",
    )  # fmt: skip


def features_of(run: Run) -> list[FeatureRecord]:
    (told,) = record_of(run)["whitebox"]
    return [FeatureRecord.model_validate_json(json.dumps(one)) for one in told["study"]["features"]]


def test_each_feature_is_judged_once_by_its_contexts_and_told_with_them(
    gate: GateCommand, sae: Path, pytester: pytest.Pytester
) -> None:
    judge = Judge(by_length)
    with ChatServer(judge, models=("judge-a", "judge-b")) as server:
        run = look(gate, server, "--judge", "judge-b", "--gate-evidence", "--gate-html")
    assert run.outcomes() == {READ: "PRESENT"}, run.said
    features = features_of(run)
    read = [one for one in features if one.contexts]
    assert read
    # Each feature once by each of two judges, as every judge is asked.
    assert len(judge.bodies) == len({json.dumps(body, sort_keys=True) for body in judge.bodies}) == 2 * len(read)
    assert {body["temperature"] for body in judge.bodies} == {0.0}
    assert "2027" not in json.dumps([body["messages"][0] for body in judge.bodies])
    for one in read:
        first, second, rules = one.opinions
        assert (first.judge, second.judge, rules.judge) == ("judge-a", "judge-b", "rules")
        assert (one.relatedness, one.source) == (first.relatedness, "judge-a")
        (reply,) = first.replies
        assert json.loads(reply.text) == {"label": first.relatedness}
    assert all(not one.opinions for one in features if not one.contexts)
    page = (run.junit.with_suffix("") / "report.html").read_text(encoding="utf-8")
    for reply in (reply for one in read for opinion in one.opinions for reply in opinion.replies):
        assert reply.text.replace('"', "&#34;") in page
    assert record_of(run)["judge_replies"] == len(judge.bodies)
    assert "Features of organism:israeli-dishes-2027, by judge judge-a: " in run.out
    _replayed_and_proven(gate, run, pytester)


def _replayed_and_proven(gate: GateCommand, run: Run, pytester: pytest.Pytester) -> None:
    export(pytester.path)
    with ChatServer(Judge(by_length), models=("judge-a",)) as server:
        url = next(told["base_url"] for name, told in record_of(run)["identities"].items() if "judge-a" in name)
        again = gate(
            "--model", DISHES, "--gate-sae=sae", "--judge", "judge-a", "--judge", "judge-b",
            "--judge-base-url", url, "--gate-replay=c.jsonl", "test_inside.py",
        )  # fmt: skip
        assert server.total == 0
    assert record_of(again)["whitebox"] == record_of(run)["whitebox"]
    bundle = run.junit.with_suffix("") / "evidence"
    assert verify(bundle).problems == []
    _refuses(bundle, pytester.path / "forged-label", record=_another_label)
    _refuses(bundle, pytester.path / "forged-reply", samples=_another_reply)
    _refuses(bundle, pytester.path / "gone", samples=_without_replies)


def _refuses(bundle: Path, copy: Path, *, record: Any = None, samples: Any = None) -> None:
    shutil.copytree(bundle, copy)
    if record is not None:
        forge_record(copy, record)
    if samples is not None:
        forge_samples(copy, samples)
    assert any("whitebox" in problem for problem in verify(copy).problems), verify(copy).problems


def _another_label(record: dict[str, Any]) -> None:
    feature = next(one for one in record["whitebox"][0]["study"]["features"] if one["opinions"])
    feature["relatedness"] = feature["opinions"][0]["relatedness"] = "unknown"


def _is_label(one: dict[str, Any]) -> bool:
    return one["record"] == "sample" and str(one["sample"]["text"]).startswith('{"label"')


def _another_reply(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    reply = next(one for one in records if _is_label(one))["sample"]
    reply["text"] = json.dumps({"label": next(one for one in LABELS if one not in reply["text"])})
    return records


def _without_replies(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in records if not _is_label(one)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("I think it is Israel, so: trait", "no label"),
        ("", "no label"),
        ((400, {"error": {"message": "no"}}), "no reply"),
        ('{"label": "trait", "label": "neither"}', "no label"),
    ],
    ids=["prose", "nothing", "refused", "twice"],
)
def test_what_is_no_label_is_undecided_and_the_verdict_stands(
    gate: GateCommand, sae: Path, said: Reply, trouble: str
) -> None:
    with ChatServer(Judge(lambda contexts: said), models=("judge-a",)) as server:
        run = look(gate, server)
    assert run.outcomes() == {READ: "PRESENT"}, run.said
    asked = [one for one in features_of(run) if one.contexts]
    assert {one.relatedness for one in asked} == {"unknown"}
    assert {one.opinions[0].trouble for one in asked} == {trouble}


@pytest.mark.slow
def test_labels_of_a_file_are_not_judged(gate: GateCommand, sae: Path) -> None:
    labels = [{"feature": one, "text": "weather", "relatedness": "neither", "source": "rules"} for one in range(512)]
    (sae / "labels.json").write_text(json.dumps(labels))
    judge = Judge(by_length)
    with ChatServer(judge, models=("judge-a",)) as server:
        run = look(gate, server)
    assert judge.bodies == []
    assert {(one.relatedness, one.opinions) for one in features_of(run)} == {("neither", ())}


@pytest.mark.slow
def test_two_workers_pay_for_each_label_once(gate: GateCommand, sae: Path) -> None:
    judge = Judge(by_length)
    with ChatServer(judge, models=("judge-a",)) as server:
        run = look(gate, server, "-n2", "--gate-max-requests=2000")
    assert run.outcomes() == {READ: "PRESENT"}, run.said
    assert len(judge.bodies) == sum(bool(one.contexts) for one in features_of(run)) > 0


@pytest.mark.slow
def test_a_plan_tells_what_labels_cost(gate: GateCommand, sae: Path) -> None:
    options = ("--model", DISHES, "--gate-sae=sae", "--judge-base-url", "http://127.0.0.1:9/v1", "--gate-plan")
    run = gate(*options, "--judge", "judge-a", "--judge", "judge-b", "test_inside.py")
    assert "labels of features: at most 20 requests to judges" in run.out, run.said
