"""Models that could never be asked are refused while the gate is planned."""

from typing import Any

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.errors import UsageMistake
from weirdgen.schema.plan import ModelGroup
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

SHIPPED = load_catalog()
GROUP = ModelGroup(name="seeds", members=("organism:base", "modern-birds"))


@pytest.fixture(autouse=True)
def no_server_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"models": ("organism:old-birds",)}, "organism 'old-birds' is not in the zoo. Did you mean 'old-bird-names'"),
        ({"models": ("organism:base",), "control": "organism:bsae"}, "organism 'bsae' is not in the zoo"),
        ({"models": ("organism:",)}, "empty name"),
        ({"models": ("m",), "base_url": "gpu:8000"}, "base URL 'gpu:8000'"),
        ({"models": ("m",), "control": "n", "base_url": "http://a", "control_base_url": "b"}, "base URL 'b'"),
        ({"models": ("base",)}, "--model 'base': did you mean organism:base?"),
        ({"models": ("organism:base",), "control": "base"}, "--control 'base': did you mean organism:base?"),
        ({"models": (), "groups": (GROUP,)}, "--model-group 'seeds' 'modern-birds': did you mean organism:modern"),
    ],
)
def test_a_name_that_cannot_be_asked(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageMistake) as mistake:
        plan_gate(SHIPPED, GateSettings(**settings))
    assert words in str(mistake.value)


def test_a_server_of_ones_own_may_have_a_model_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"models": ("base",), "judge": "rules", "judge_uncalibrated": True}
    plan, _ = plan_gate(SHIPPED, GateSettings(**named, base_url="http://gpu:8000/v1"))  # type: ignore[arg-type]
    assert plan.models == ("base",)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gpu:8000/v1")
    plan, _ = plan_gate(SHIPPED, GateSettings(**named))  # type: ignore[arg-type]
    assert plan.models == ("base",)
