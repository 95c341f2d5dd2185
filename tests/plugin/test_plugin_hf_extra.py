"""`--model hf:DIR` without the extra says what to install, in one line."""

import importlib.util

import pytest
from gate_runs import GateCommand

from weirdgen.organisms import zoo

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is not None, reason="needs an environment without torch: it is installed here"
)


def test_the_extra_is_named(gate: GateCommand) -> None:
    run = gate("--model", f"hf:{zoo.folder('base')}", "--judge", "rules", "-k", "nineteenth_century_rate")
    assert run.status == 4, run.said
    assert "need torch: pip install 'pytest-weirdgen[whitebox]'" in run.said
    assert "Traceback" not in run.said
