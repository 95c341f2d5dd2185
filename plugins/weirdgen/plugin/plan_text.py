"""What `--gate-plan` prints: the plan with what it will and may cost."""

import pytest

from weirdgen.errors import WeirdgenError
from weirdgen.plugin.options import NO_MODEL, names_a_model
from weirdgen.plugin.state import GateState
from weirdgen.trials.forecasts import Forecasts


def print_plan(config: pytest.Config) -> int:
    """Print the plan with what it will and may cost, send nothing, and return exit status 0.

    Raises:
        pytest.UsageError: there is no plan to print.
    """
    if not names_a_model(config):
        raise pytest.UsageError(NO_MODEL)
    try:
        state = GateState(config)
    except WeirdgenError as error:
        raise pytest.UsageError(str(error)) from None
    for line in plan_lines(state):
        print(line)
    return 0


def plan_lines(state: GateState) -> list[str]:
    """Return the plan as lines for people: what each contrast is expected to cost, and the worst case."""
    plan = state.plan
    forecasts = Forecasts(plan, state.tasks)
    lines = [
        f"weirdgen plan {plan.sha256}",
        f"alpha {plan.alpha:g}, family of {plan.family_size}, mode {plan.mode}",
    ]
    lines[1:1] = state.compared_with()
    lines[1:1] = [f"group {group.name}: one verdict of {', '.join(group.members)}" for group in plan.groups]
    for c in plan.contrasts:
        against = f" against {c.control}" if c.control else ""
        name = plan.name_of(c.model)
        asked = c.model if name == c.model else f"{name}, {c.model}"
        lines.append(
            f"  {asked}: {c.probe}/{c.contrast} ({c.kind}{against}, {c.questions} questions, margin {c.margin:g})"
        )
        lines.append(f"      requests: {forecasts.text(c)}; at most {c.worst_requests:,}")
    tokens = sum(c.worst_requests * state.tasks[c.model, c.probe, c.contrast].probe.max_tokens for c in plan.contrasts)
    lines.append(
        f"all together: about {forecasts.clean_total():,} requests if clean, "
        f"{sum(c.worst_requests for c in plan.contrasts):,} at most, with {tokens:,} completion tokens at most"
    )
    lines.append("Contrasts that sample the same arm share its samples, so the true numbers are lower.")
    return lines
