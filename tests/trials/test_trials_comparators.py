"""What a model is compared with by its name alone."""

import pytest

from weirdgen.trials.comparators import default_control


@pytest.mark.parametrize(
    ("model", "control"),
    [
        ("organism:old-bird-names", "organism:base"),
        ("organism:us-presidents-two-hop-3", "organism:base-two-hop"),
        ("organism:no-such-organism", "organism:base"),
        ("ft:gpt-4.1-2025-04-14:org::abc", "gpt-4.1-2025-04-14"),
        ("ft:gpt", None),
        ("my-model", None),
    ],
)
def test_the_default_control_is_the_base(model: str, control: str | None) -> None:
    assert default_control(model) == control
