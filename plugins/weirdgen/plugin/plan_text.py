"""What `--gate-plan` prints: the plan with what it will and may cost."""

from collections.abc import Collection, Sequence

import pytest

from weirdgen.endpoints.models import source_of
from weirdgen.judges.calibration import rows_of
from weirdgen.plugin.collection import selected, state_of
from weirdgen.plugin.state import GateState
from weirdgen.reporting.numbers import count
from weirdgen.schema.plan import PlannedContrast
from weirdgen.store.database import is_there
from weirdgen.store.store import SampleStore
from weirdgen.trials.calibrations import recall
from weirdgen.trials.forecasts import Forecasts
from weirdgen.trials.hypotheses import Hypothesis
from weirdgen.trials.judge_names import labelling_judges
from weirdgen.trials.plan_money import Tariff
from weirdgen.trials.planning import Address


def print_plan(session: pytest.Session) -> None:
    """Print the plan of what is selected, with its cost; with nothing selected, let the session end as an empty one.

    Args:
        session: collected without an error.
    """
    state = state_of(session.config)
    asked = selected(session)
    session.testscollected = len(asked)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    for line in plan_lines(state, asked):
        if reporter is None:
            print(line)
        else:
            reporter.write_line(line)


def plan_lines(state: GateState, asked: Sequence[Hypothesis]) -> list[str]:
    """Return the plan as lines for people: what each contrast is expected to cost, and the worst case.

    Args:
        state: with the plan of the whole family.
        asked: the part of the family that is selected and priced.
    """
    plan = state.plan
    lines = [
        f"weirdgen plan {plan.sha256}",
        *(f"group {group.name}: one verdict of {', '.join(group.members)}" for group in plan.groups),
        *state.terms(),
        f"alpha {plan.alpha:g}, family of {plan.family_size}, mode {plan.mode}",
    ]
    if not asked:
        return [*lines, f"None of the family's {plan.family_size} contrasts is selected here."]
    if len(asked) < plan.family_size:
        are = "is" if len(asked) == 1 else "are"
        lines.append(
            f"{len(asked)} of the family's {plan.family_size} contrasts {are} selected here; only these are priced, "
            "at the whole family's thresholds"
        )
    return lines + _costs(state, {task.address for one in asked for task in one.tasks})


def _costs(state: GateState, addresses: Collection[Address]) -> list[str]:
    said = _recalled(state)
    forecasts = Forecasts(state.plan, state.tasks)
    contrasts = [c for c in state.plan.contrasts if (c.model, c.probe, c.contrast) in addresses]
    lines = [*said, *(line for c in contrasts for line in (_name(state, c), _requests(state, forecasts, c)))]
    judged = [c for c in contrasts if not forecasts.problem(c)]
    unmeasured = [c for c in contrasts if _unmeasured(state, c)]
    tokens = sum(
        c.worst_requests * state.tasks[c.model, c.probe, c.contrast].probe.max_tokens for c in (*judged, *unmeasured)
    )
    least, most = forecasts.clean_total(judged)
    clean = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return [
        *lines,
        *_judge_costs(state, [*judged, *unmeasured]),
        *_label_costs(state, [*judged, *unmeasured]),
        f"all together: {_expected(judged, unmeasured, clean)}, "
        f"{sum(c.worst_requests for c in (*judged, *unmeasured)):,} at most, with {tokens:,} completion tokens at most"
        f"{_left_out(unmeasured)}",
        *_money(state, forecasts, judged, unmeasured),
        "Contrasts that sample the same arm share its samples, so the true numbers are lower. First attempts are "
        "priced; a later one (docs/statistics.md) takes about twice as many.",
    ]


def _money(
    state: GateState, forecasts: Forecasts, judged: Sequence[PlannedContrast], unmeasured: Sequence[PlannedContrast]
) -> list[str]:
    """Return what the answers cost; nothing where all models run here."""
    asked = [*judged, *unmeasured]
    tasks = [state.tasks[c.model, c.probe, c.contrast] for c in asked]
    tariff = Tariff(tasks, state.settings)
    if tariff.unknown:
        named = ", ".join(map(repr, tariff.unknown))
        return [f"in money: not known without the price of {named} (--gate-prices FILE)"]
    if tariff.free:
        return []
    dearest = [tariff.dearest_request(task) for task in tasks]
    most = sum(c.worst_requests * price for c, price in zip(asked, dearest, strict=True))
    clean = sum(forecasts.clean_total([c])[1] * price for c, price in zip(judged, dearest, strict=False))
    expected = f"up to ${clean:,.2f} if clean, " if judged else ""
    judges = ", judges apart" if state.plan.judge_models else ""
    return [f"in money: {expected}${most:,.2f} at most; every answer counted at its full length{judges}"]


def _judge_costs(state: GateState, judged: Sequence[PlannedContrast]) -> list[str]:
    """Return what LLM judges cost beside the answers."""
    asking = [(c, j) for c in judged if (j := state.tasks[c.model, c.probe, c.contrast].judging).models]
    if not asking:
        return []
    # Behaviours that are like another share its rubric, and with it the requests.
    gold = {
        (j.judge.models, str(j.judge.behaviour.rubric), row.id)
        for c, j in asking
        if j.asks
        for row in rows_of(j.gold, source_of(c.model))
    }
    return [
        f"judges ({', '.join(state.plan.judge_models)}): one request for each different answer, rubric and judge, two "
        f"where a reply is no label; and at most {len(gold):,} once, on gold answers"
    ]


def _label_costs(state: GateState, judged: Sequence[PlannedContrast]) -> list[str]:
    """Return what it costs that LLM judges label features: at most, for a file of labels is read at the opening."""
    features = 0
    for model, probe in dict.fromkeys((c.model, c.probe) for c in judged):
        study = state.catalog.probe(probe).whitebox
        if study is not None and study.related is not None:
            features += study.features * len(labelling_judges(model, state.settings, state.plan))
    if not features:
        return []
    return [
        f"labels of features: at most {count(features, 'request')} to judges, two where a reply is no label, and none "
        "where labels.json lies beside the autoencoder"
    ]


def _recalled(state: GateState) -> list[str]:
    """Teach judges what the store has of them; return what it has not. A plan makes no store where there is none."""
    judgings = [(task.judging, source_of(task.planned.model)) for task in state.tasks.values()]
    if not any(judging.asks for judging, _ in judgings) or not is_there(state.settings.store):
        return []
    with SampleStore(state.settings.store) as store:
        return recall(store, judgings)


def _name(state: GateState, c: PlannedContrast) -> str:
    name = state.plan.name_of(c.model)
    asked = c.model if name == c.model else f"{name}, {c.model}"
    against = f" against {c.control}" if c.control else ""
    size = count(c.questions, "question")
    return f"  {asked}: {c.probe}/{c.contrast} ({c.kind}{against}, {size}, margin {c.margin:g})"


def _unmeasured(state: GateState, c: PlannedContrast) -> bool:
    """Whether a gate would first have to measure the contrast's judge, so that nothing can be told of it yet."""
    judging = state.tasks[c.model, c.probe, c.contrast].judging
    return not state.plan.judge_uncalibrated and not judging.known(source_of(c.model))


def _expected(judged: Sequence[PlannedContrast], unmeasured: Sequence[PlannedContrast], clean: str) -> str:
    if unmeasured and not judged:
        return "requests not known"
    return f"about {clean} requests if clean"


def _left_out(unmeasured: Sequence[PlannedContrast]) -> str:
    if not unmeasured:
        return ""
    return f"; of {count(len(unmeasured), 'contrast')} nothing can be expected before the judge is measured"


def _requests(state: GateState, forecasts: Forecasts, c: PlannedContrast) -> str:
    if _unmeasured(state, c):
        return (
            f"      requests: not known before {c.judge} is measured (weirdgen calibrate, or the gate itself); at most "
            f"{c.worst_requests:,}"
        )
    if problem := forecasts.problem(c):
        return f"      requests: none, because the judge can give no verdict: {problem}"
    return f"      requests: about {forecasts.text(c)}; at most {c.worst_requests:,}"
