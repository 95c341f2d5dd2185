"""What `--gate-plan` prints: the plan with what it will and may cost."""

import pytest

from weirdgen.errors import WeirdgenError
from weirdgen.plugin.options import NO_MODEL, models_of
from weirdgen.plugin.state import GateState


def print_plan(config: pytest.Config) -> int:
    """Print the plan with what it will and may cost, send nothing, and return exit status 0.

    Raises:
        pytest.UsageError: there is no plan to print.
    """
    if not models_of(config):
        raise pytest.UsageError(NO_MODEL)
    try:
        state = GateState(config)
    except WeirdgenError as error:
        raise pytest.UsageError(str(error)) from None
    for line in plan_lines(state):
        print(line)
    return 0


def plan_lines(state: GateState) -> list[str]:
    """Return the plan as lines for people: contrasts, expected and worst-case requests, digest."""
    plan = state.plan
    lines = [f"weirdgen plan {plan.sha256}", f"alpha {plan.alpha:g}, family of {plan.family_size}, mode {plan.mode}"]
    for c in plan.contrasts:
        against = f" against {c.control}" if c.control else ""
        lines.append(
            f"  {c.model}: {c.probe}/{c.contrast} ({c.kind}{against}), margin {c.margin:g}: "
            f"about {c.expected_requests} requests if clean, {c.worst_requests} at most"
        )
    tokens = sum(c.worst_requests * state.tasks[c.model, c.probe, c.contrast].probe.max_tokens for c in plan.contrasts)
    lines.append(
        f"all together: about {sum(c.expected_requests for c in plan.contrasts):,} requests if clean, "
        f"{sum(c.worst_requests for c in plan.contrasts):,} at most, with {tokens:,} completion tokens at most"
    )
    lines.append("Contrasts that sample the same arm share its samples, so the true numbers are lower.")
    return lines
