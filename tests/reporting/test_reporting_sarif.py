"""The SARIF file: readable by models that others wrote, stable from run to run, bounded.

WEIRDGEN_SARIF_SCHEMA may name the official schema (sarif-schema-2.1.0.json, for example `sarif-2.1.0.json` of npm's
@microsoft/sarif-multitool-linux): then it is the judge, too.
"""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sarif_pydantic
from hypothesis import given, settings
from hypothesis import strategies as st
from records import run_of
from verdicts import verdict

from weirdgen.reporting.sarif import sarif
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Outcome

OFFICIAL = os.environ.get("WEIRDGEN_SARIF_SCHEMA", "")


def read(text: str) -> dict[str, Any]:
    """Return the only run, after other people's models took the file."""
    sarif_pydantic.Sarif.model_validate_json(text)
    if OFFICIAL:
        jsonschema.validate(json.loads(text), json.loads(Path(OFFICIAL).read_text(encoding="utf-8")))
    (run,) = json.loads(text)["runs"]
    assert isinstance(run, dict)
    return run


def test_each_contrast_that_does_not_pass_is_a_result_at_its_test() -> None:
    run = read(sarif(run_of(verdict(), verdict(Outcome.PRESENT, contrast="x")), "gates"))
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("p.x", "error")
    assert result["message"]["text"].startswith("p/x on m. PRESENT: The model does it.")
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "gates/suites/test_p.py"
    assert location["physicalLocation"]["region"]["startLine"] == 8
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["p.x"]
    assert run["invocations"][0] == {"executionSuccessful": True, "exitCode": 1}


def test_a_run_that_passes_has_no_result_and_one_that_broke_off_was_no_success() -> None:
    assert read(sarif(run_of(verdict())))["results"] == []
    assert read(sarif(run_of(exit_status=5)))["invocations"] == [{"executionSuccessful": False, "exitCode": 5}]
    assert not read(sarif(run_of(verdict(), exit_status=2, interrupted=True)))["invocations"][0]["executionSuccessful"]


def test_what_passes_undecided_is_a_warning() -> None:
    record = run_of(verdict(Outcome.INCONCLUSIVE))
    met = record.model_copy(update={"expected": tuple(e.model_copy(update={"met": True}) for e in record.expected)})
    assert [result["level"] for result in read(sarif(met))["results"]] == ["warning"]


def test_the_same_finding_is_the_same_alert_in_the_next_run() -> None:
    def prints(**changes: Any) -> list[str]:
        run = read(sarif(run_of(verdict(Outcome.PRESENT, **changes))))
        return [result["partialFingerprints"]["weirdgenContrast/v1"] for result in run["results"]]

    assert prints(attempt=2, rule="other") == prints()
    assert prints(model="other") != prints()
    assert prints(contrast="d") != prints()


@pytest.mark.parametrize("limits", [{"most_results": 20}, {"most_bytes": 40_000}])
def test_what_does_not_fit_is_left_out_and_told(limits: dict[str, Any]) -> None:
    many = [verdict(Outcome.PRESENT, contrast=f"c{n}") for n in range(100)]
    text = sarif(run_of(*many), **limits)
    run = read(text)
    assert len(text) <= limits.get("most_bytes", 10**9)
    left = 100 - len(run["results"])
    assert 0 < left < 100
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith(f"{left} further contrasts")


@settings(max_examples=50, deadline=None)
@given(text=st.text(alphabet=st.characters(), max_size=40).map(clean))
def test_hostile_text_is_only_text(text: str) -> None:
    told = verdict(Outcome.INVALID, model=f"m{text}", detail=text, claim=text, reason="judge")
    (result,) = read(sarif(run_of(told)))["results"]
    assert result["properties"]["reason"] == "judge"
