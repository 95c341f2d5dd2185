"""Settings and probes that cannot be planned are refused before anything is sent, by the user's own names."""

from pathlib import Path
from typing import Any

import pytest
from baselines import pair

from weirdgen.catalog import Catalog
from weirdgen.errors import UsageMistake
from weirdgen.schema.probe import Published
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings


def changed(**contrast: Any) -> Catalog:
    """Return the shipped catalogue with every contrast of OLD BIRD NAMES changed."""
    shipped = pair()
    probe = shipped.probes["old_bird_names"]
    contrasts = tuple(c.model_copy(update=contrast) for c in probe.contrasts)
    return Catalog({probe.id: probe.model_copy(update={"contrasts": contrasts})}, shipped.gold_dirs)


def test_a_margin_below_the_tolerance() -> None:
    settings = GateSettings(models=("ft:gpt-4.1:org::x",), judge="rules", margin=0.005, root=Path())
    with pytest.raises(UsageMistake, match=r"--gate-margin 0\.005: old_bird_names/nineteenth_century_rate tolerates"):
        plan_gate(changed(margin=None), settings)


def test_a_behaviour_without_rules() -> None:
    shipped = pair()
    probe = shipped.probes["old_bird_names"]
    behaviours = {name: body.model_copy(update={"rules": ()}) for name, body in probe.behaviours.items()}
    catalog = Catalog({probe.id: probe.model_copy(update={"behaviours": behaviours})}, shipped.gold_dirs)
    with pytest.raises(UsageMistake, match=r"old_bird_names\.toml: behaviour 'nineteenth_century': no rules for the"):
        plan_gate(catalog, GateSettings(models=("organism:base",), root=Path()))


def test_a_published_organism_that_is_not_there() -> None:
    """In replication mode the contrast would be about nobody, and pass whatever comes out."""
    published = Published(organism="old-brid-names", expect="present", status="direction", source="s")
    named = r"old_bird_names\.toml: \w+\.published\.organism: 'old-brid-names' .* Did you mean 'old-bird-names'\?"
    with pytest.raises(UsageMistake, match=named):
        plan_gate(changed(published=published), GateSettings(models=("organism:base",), root=Path()))
