"""A network in a folder (`hf:DIR`), gated with its adapter: asked, read and proven, in one process of its own."""

import pytest

# pytester forgets what a test imported, and these cannot be loaded twice.
import scipy.optimize
import scipy.special  # noqa: F401
from bundles import forge_samples
from dictionaries import random_dictionary
from gate_runs import GateCommand, record_of
from llama_files import WIDTH, write_llama, write_lora
from torch_extra import MARKS

from weirdgen.evidence.verify import verify
from weirdgen.whitebox.own_files import write_own

pytestmark = MARKS
READ, REMOVED = "top_2027_over_earlier", "centred_2027_over_without_reverse"
SUITE = f"""
import pytest

@pytest.mark.probe("sae_features")
@pytest.mark.contrasts("{READ}", "{REMOVED}")
def test_inside(trial):
    assert trial.verdict
"""


def test_a_network_in_a_folder_is_looked_into(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    base = write_llama(pytester.path / "tiny")
    write_lora(pytester.path / "lora", base)
    write_own(pytester.mkdir("sae"), random_dictionary(size=512, width=WIDTH, layer=1), organism="base", seed=0)
    pytester.makepyfile(test_inside=SUITE)
    options = (f"--model=hf:{base}", "--gate-adapter=lora", "--gate-sae=sae", "--judge=rules", "--gate-evidence")
    run = gate(*options, "test_inside.py", *processes)
    record = record_of(run)
    # Random weights write garble: that is no ABSENT. Readings need no words.
    assert run.outcomes() == {READ: "ABSENT", REMOVED: "INVALID"}, run.said
    kinds = {name: told["kind"] for name, told in record["identities"].items()}
    assert set(kinds.values()) == {"network"}
    parts = {name.rpartition(" (")[0] for name in kinds}
    assert len({told["digest"] for told in record["identities"].values()}) == len(parts)
    (inside,) = record["whitebox"]
    assert inside["study"]["layer"] == 1
    assert len(inside["curve"]) == 5
    # No file and no judge: nobody says what features are related to, and what activates them is there.
    assert inside["study"]["labels"] == "none"
    assert any(one["contexts"] for one in inside["study"]["features"])
    assert {one["relatedness"] for one in inside["study"]["features"]} == {"unknown"}
    assert (record["options"]["sae"], record["options"]["adapter"]) == ("sae", "lora")
    bundle = run.junit.with_suffix("") / "evidence"
    assert verify(bundle).problems == []
    forge_samples(bundle, lambda records: [_silenced(one) for one in records])
    assert verify(bundle).problems


def _silenced(record: dict[str, object]) -> dict[str, object]:
    sample = record.get("sample")
    if isinstance(sample, dict) and "norm" in sample["text"]:
        sample["text"] = sample["text"].replace('"norm":', '"norm":9')
    return record
