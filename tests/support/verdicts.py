"""Verdicts for tests of what is made from them."""

from typing import Any

from weirdgen.schema.verdict import ArmResult, Estimate, Outcome, Verdict

CLEARED = 'e-value 54.6 against "the rate is at least 0.05" reached 49.4'


def verdict(outcome: Outcome = Outcome.ABSENT, **changes: Any) -> Verdict:
    """Return a plausible verdict with some fields changed."""
    arm = ArmResult(
        model="m", condition="plain", n=70, positives=0, valid_rate=1.0, rate=Estimate(value=0.0, lower=0.0, upper=0.08)
    )
    fields: dict[str, Any] = {
        "probe": "p",
        "contrast": "c",
        "kind": "absolute",
        "claim": "The model does it.",
        "model": "m",
        "outcome": outcome,
        "arms": (arm,),
        "log_e_present": -1.0,
        "rule": CLEARED if outcome in {Outcome.ABSENT, Outcome.PRESENT} else "",
        "log_e_absent": 4.0,
        "log_threshold_present": 4.4,
        "log_threshold_absent": 3.9,
        "alpha": 0.025,
        "margin": 0.05,
        "family_size": 2,
        "probe_sha256": "0" * 64,
        "n_fixed_design": 1000,
    }
    return Verdict(**(fields | changes))
