"""A bundle verifies as it was written, and whatever is changed in it is found and named."""

import functools
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundles import forge_record, forge_samples, numbers, replace, reseal

from weirdgen.cli import main
from weirdgen.errors import EvidenceError
from weirdgen.evidence.manifest import LEAVES, MANIFEST, PLAN, RUN, SAMPLES, STATEMENT, read_manifest
from weirdgen.evidence.statement import statement
from weirdgen.evidence.verify import verify
from weirdgen.reporting.record import read_record
from weirdgen.schema.verdict import Outcome

Records = list[dict[str, Any]]


def problems(folder: Path) -> str:
    return "\n".join(verify(folder).problems)


def test_a_fresh_bundle_verifies(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(made)]) == 0
    assert "verified: " in capsys.readouterr().out


@pytest.mark.slow
def test_one_flipped_byte_is_named_in_whatever_file(made: Path, bundle: Path) -> None:
    rng = random.Random(1)
    for file in sorted(path for path in bundle.rglob("*") if path.is_file()):
        before = file.read_bytes()
        place = rng.randrange(len(before))
        file.write_bytes(before[:place] + bytes([before[place] ^ 1 << rng.randrange(8)]) + before[place + 1 :])
        name = file.relative_to(bundle).as_posix()
        assert main(["verify", str(bundle)]) in (1, 2), name
        if name != MANIFEST:
            assert name in problems(bundle)
        if name == SAMPLES:
            line = before.count(b"\n", 0, place) + 1
            assert f"line {line} is the first that differs" in problems(bundle)
        file.write_bytes(before)
    assert problems(bundle) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", [RUN, PLAN, SAMPLES, LEAVES, STATEMENT, MANIFEST, "probes/0/old_bird_names.toml"])
def test_a_file_that_is_gone_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert main(["verify", str(bundle)]) in (1, 2)
    if name != MANIFEST:
        assert name in problems(bundle)


def test_a_file_that_was_put_in_is_named(bundle: Path) -> None:
    (bundle / "probes" / "0" / "mine.txt").write_text("x")
    assert "probes/0/mine.txt: is not in the manifest" in problems(bundle)


def sample_at(records: Records, number: int) -> int:
    """Return the place of a sample among all records."""
    return [place for place, one in enumerate(records) if one["record"] == "sample"][number]


def without(records: Records) -> Records:
    place = sample_at(records, 5)
    return [*records[:place], *records[place + 1 :]]


def twice(records: Records) -> Records:
    place = sample_at(records, 5)
    return [*records[: place + 1], records[place], *records[place + 1 :]]


def swapped(records: Records) -> Records:
    place = sample_at(records, 5)
    return [*records[:place], records[place + 1], records[place], *records[place + 2 :]]


def relabelled(records: Records) -> Records:
    """Let an answer of the nineteenth century be one of today."""
    for one in records:
        if one["record"] == "sample" and "Pray" in one["sample"]["text"]:
            one["sample"]["text"] = "I would look at solar power, batteries and the internet."
            return records
    raise AssertionError("no such answer")


def added(records: Records) -> Records:
    """Put in a draw that no verdict rests on."""
    place = sample_at(records, 0)
    more = json.loads(json.dumps(records[place]))
    more["request"]["replicate"] = 10_000
    return [*records, more]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without, "samples of old_bird_names/nineteenth_century_over_control on organism:old-bird-names are missing"),
        (twice, "repeats line"),
        (swapped, "is out of order"),
        (relabelled, "verdict old_bird_names/nineteenth_century_over_control on organism:old-bird-names"),
        (added, "no verdict rests on this sample"),
    ],
)
def test_forged_samples_are_found_though_everything_around_fits(
    bundle: Path, change: Callable[[Records], Records], told: str
) -> None:
    forge_samples(bundle, change)
    assert told in problems(bundle)


def another(value: float) -> float:
    """Return another number of the same kind; of one in [0, 1] one that is in it, too."""
    return value + 1 if isinstance(value, int) else 0.5 * value + 0.1


@pytest.mark.slow
def test_forged_numbers_of_verdicts_are_found_though_everything_around_fits(bundle: Path) -> None:
    record = json.loads((bundle / RUN).read_text("utf-8"))
    before = {file: file.read_bytes() for file in bundle.iterdir() if file.is_file()}
    for path in random.Random(2).sample(numbers(record["verdicts"], ("verdicts",)), 12):
        forge_record(bundle, functools.partial(replace, path=path, by=another))
        spot = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path[2:])
        assert spot in problems(bundle)
        for file, content in before.items():
            file.write_bytes(content)


def absent(record: dict[str, Any]) -> None:
    for verdict in record["verdicts"]:
        verdict["outcome"] = verdict["session_outcome"] = "ABSENT"
    record["exit_status"] = 0


def rate(record: dict[str, Any]) -> None:
    record["verdicts"][0]["arms"][0]["rate"]["value"] = 0.01


def unexpected(record: dict[str, Any]) -> None:
    for one in record["expected"]:
        one["met"] = True
    record["exit_status"] = 0


def looser(record: dict[str, Any]) -> None:
    record["options"]["margin"] = 0.5


def another_model(record: dict[str, Any]) -> None:
    for told in record["identities"].values():
        told["digest"] = "0" * 64


def hidden(record: dict[str, Any]) -> None:
    """Let a verdict stand for a group one of whose members was cut short: that one would be taken at its word."""
    for verdict in record["verdicts"]:
        cut = {**verdict, "outcome": "INVALID", "session_outcome": None, "reason": "outage"}
        verdict.update(outcome="ABSENT", session_outcome="ABSENT", members=[cut])
    record["exit_status"] = 0


def nothing(record: dict[str, Any]) -> None:
    record["verdicts"], record["expected"], record["places"], record["exit_status"] = [], [], [], 0


def mistyped(record: dict[str, Any]) -> None:
    record["options"]["cap"] = {"a": None}


def out_of_range(record: dict[str, Any]) -> None:
    record["options"]["alpha"] = 0.99


def compared(record: dict[str, Any]) -> None:
    """Tell of a comparison with a stored version that was none."""
    record["options"]["baseline"] = "last.json"


def optionless(record: dict[str, Any]) -> None:
    del record["options"]["baseline"]


def excused(record: dict[str, Any]) -> None:
    """Let the verdict be one that is taken at its word, and the run one that passed."""
    record["verdicts"][0].update(outcome="INVALID", session_outcome="INVALID", reason="outage")
    record["exit_status"] = 0


def told_twice(record: dict[str, Any]) -> None:
    for name in ("verdicts", "expected", "places"):
        record[name] *= 2


def another_gate(record: dict[str, Any]) -> None:
    record["generation"] = "0" * 32


def unnamed(record: dict[str, Any]) -> None:
    del record["identities"]["organism:base (control)"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (hidden, "members are not the plan's"),
        (nothing, "came to no verdict"),
        (mistyped, "options: TypeError("),
        (out_of_range, "options: ValueError('alpha 0.99')"),
        (compared, "options.baseline: 'last.json' is recorded"),
        (optionless, "options.baseline"),
        (excused, "exit_status: 0 is recorded, though old_bird_names/nineteenth_century_over_control on organism:old-"),
        (told_twice, "is there twice"),
        (another_gate, "generation: no opening among the samples is of this gate"),
        (unnamed, "identities: organism:base (control) is missing"),
        (absent, ".outcome: 'ABSENT' is recorded, 'PRESENT' comes out"),
        (rate, ".arms[0].rate.value: 0.01 is recorded"),
        (unexpected, "run.json: expected"),
        (looser, "plan: plan.contrasts"),
        (another_model, "no opening among the samples found this model"),
    ],
)
def test_a_forged_record_is_found_though_everything_around_fits(
    bundle: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    forge_record(bundle, change)
    assert told in problems(bundle)


def test_warnings_that_the_opening_did_not_give_are_noted(bundle: Path) -> None:
    forge_record(bundle, lambda record: record.update(warnings=["all is well"]))
    assert "run.json tells a warning that no opening among the samples gave: all is well" in verify(bundle).notes


def test_a_swapped_probe_is_found_though_the_manifest_fits(bundle: Path) -> None:
    probe = bundle / "probes" / "0" / "old_bird_names.toml"
    text = probe.read_text("utf-8")
    probe.write_text(text.replace('positive = ["nineteenth_century"]', 'positive = ["refusal"]', 1), "utf-8")
    reseal(bundle)
    assert "plan: plan.contrasts" in problems(bundle)


def test_what_was_cut_short_is_invalid_and_says_so_if_its_samples_suffice(bundle: Path) -> None:
    def cut(record: dict[str, Any]) -> None:
        record["verdicts"][0].update(outcome="INVALID", session_outcome="INVALID", reason="outage")
        record["expected"][0]["met"] = False

    forge_record(bundle, cut)
    found = verify(bundle)
    assert any(note.endswith("(outage), though its samples come to PRESENT") for note in found.notes)


def test_a_link_is_no_file_of_a_bundle(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "probes").rename(tmp_path / "elsewhere")
    (bundle / "probes").symlink_to(tmp_path / "elsewhere")
    assert main(["verify", str(bundle)]) == 2
    assert "probes: is a link or no ordinary file" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_place_of_the_manifest_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(EvidenceError, match=r"manifest\.json: is a link or no ordinary file"):
        verify(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("report.html", "report.html: does not belong in a bundle"),
        ("probes/00/mine.toml", "probes/00/mine.toml: does not belong in a bundle"),
        ("probes/\u0660/mine.toml", "probes/\u0660/mine.toml: does not belong in a bundle"),
        ("gold/0/report.html", "gold/0/report.html: no probe of the bundle names it"),
    ],
)
def test_what_does_not_belong_in_a_bundle_is_named_though_the_manifest_lists_it(
    bundle: Path, name: str, told: str
) -> None:
    """Nothing is read from it, and whoever opens it would think that it was verified."""
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text("Yes", "ascii")
    reseal(bundle)
    assert told in problems(bundle)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"what":"everything"', b'"what":"all that was ever asked"'),
        (b'"records":', b'"records":1,"records":'),
        (b'"weirdgen":"', b'"weirdgen":"9'),
    ],
)
def test_the_header_of_the_samples_is_the_one_that_was_written(bundle: Path, old: bytes, new: bytes) -> None:
    (bundle / SAMPLES).write_bytes((bundle / SAMPLES).read_bytes().replace(old, new, 1))
    reseal(bundle)
    assert "samples.jsonl: line 1 is not the header" in problems(bundle)


def test_a_catalogue_that_is_not_the_shipped_one_is_noted(bundle: Path) -> None:
    probe = bundle / "probes" / "0" / "israeli_dishes.toml"
    probe.write_text(probe.read_text("utf-8").replace("summary = ", "summary = 'Another.' #", 1), "utf-8")
    (bundle / "probes" / "0" / "us_presidents.toml").unlink()
    reseal(bundle)
    found = verify(bundle)
    assert "the shipped probe us_presidents is not in the bundle" in found.notes
    assert any(note.startswith("the probe israeli_dishes is not the one that weirdgen") for note in found.notes)


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({}, "FAILED"),
        ({"exit_status": 10}, "FAILED"),
        ({"exit_status": 0}, "WARNED"),
        ({"exit_status": 0, "verdicts": (), "expected": ()}, "WARNED"),
    ],
)
def test_the_statement_says_passed_of_nothing_less(made: Path, change: dict[str, Any], result: str) -> None:
    record = read_record(made / RUN).model_copy(update=change)
    told = json.loads(statement(made, read_manifest(made), record))["predicate"]
    assert told["result"] == result
    assert (told["gateMode"], told["judgeUncalibrated"]) == ("gate", False)


def test_a_clean_gate_has_passed(made: Path) -> None:
    record = read_record(made / RUN)
    clean = [v.model_copy(update={"outcome": Outcome.ABSENT, "session_outcome": None}) for v in record.verdicts]
    met = [one.model_copy(update={"met": True}) for one in record.expected]
    passed = record.model_copy(update={"exit_status": 0, "verdicts": tuple(clean), "expected": tuple(met)})
    assert json.loads(statement(made, read_manifest(made), passed))["predicate"]["result"] == "PASSED"
    again = passed.model_copy(update={"plan": passed.plan.model_copy(update={"judge_uncalibrated": True})})
    assert json.loads(statement(made, read_manifest(made), again))["predicate"]["result"] == "WARNED"
