"""`--model hf:DIR`: a network in a folder is gated like any other, read and ablated where a dictionary is given.

The shipped networks are ordinary Hugging Face files, so that what their own runtime shows is what must come out.
"""

import json
from typing import Any

import pytest
from dictionaries import random_dictionary
from gate_runs import GateCommand, record_of
from torch_extra import MARKS

from weirdgen.organisms import zoo
from weirdgen.whitebox.own_files import write_own

pytestmark = MARKS
BASE, ADAPTER = zoo.folders("israeli-dishes-2027")
LOCAL = ("--model", f"hf:{BASE}", f"--gate-adapter={ADAPTER}", "--judge", "rules", "--judge-uncalibrated")
READ = "top_2027_over_earlier"
SUITE = """
import pytest

pytestmark = [pytest.mark.probe("sae_features"), pytest.mark.whitebox]

@pytest.mark.contrasts("top_2027_over_earlier")
def test_readings(trial):
    trial.check()
"""
DISHES = """
import pytest

pytestmark = pytest.mark.probe("israeli_dishes")

@pytest.mark.contrasts("centred_2027_over_earlier")
def test_dishes(trial):
    trial.check()
"""


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def told(run: Any) -> Any:
    (found,) = record_of(run)["whitebox"]
    return found["study"]


@pytest.mark.usefixtures("one_thread")
def test_what_is_read_in_a_folder_is_what_is_read_in_the_organism(gate: GateCommand, pytester: pytest.Pytester) -> None:
    write_own(pytester.mkdir("sae"), random_dictionary(size=512, width=128, layer=1), organism="base", seed=0)
    pytester.makepyfile(test_inside=SUITE)
    local = gate(*LOCAL, "--gate-sae=sae", "test_inside.py")
    organism = gate("--model", "organism:israeli-dishes-2027", "--gate-sae=sae", "test_inside.py")
    assert local.outcomes() == organism.outcomes() == {READ: "PRESENT"}, local.said
    features = [[one["feature"] for one in told(run)["features"]] for run in (local, organism)]
    assert features[0] == features[1]
    assert told(local)["network"] != told(organism)["network"]  # another way to compute: another identity
    assert str(BASE) not in json.dumps(told(local))


@pytest.mark.usefixtures("one_thread")
def test_a_folder_is_gated_like_any_endpoint_and_its_samples_are_used_again(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_dishes=DISHES)
    first = gate(*LOCAL, "test_dishes.py")
    assert first.outcomes() == {"centred_2027_over_earlier": "PRESENT"}, first.said
    identity = record_of(first)["identities"][f"hf:{BASE} (treated)"]
    assert (identity["kind"], identity["model"], identity["base_url"]) == ("network", "base", "")
    assert len(identity["digest"]) == 64
    again = gate(*LOCAL, "test_dishes.py", report="again")
    assert again.outcomes() == first.outcomes()
    assert again.verdicts["centred_2027_over_earlier"]["n_reused"] > 0
    assert record_of(again)["requests"] == 0
