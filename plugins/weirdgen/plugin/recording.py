"""The run record of a session: what was asked, who answered, and every verdict."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from weirdgen import __version__
from weirdgen.plugin.keys import TALLY
from weirdgen.plugin.provenance import environment
from weirdgen.plugin.state import GateState
from weirdgen.plugin.tally import NOWHERE
from weirdgen.schema.run import Place, RunRecord, Selection
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict
from weirdgen.trials.expectation import expected_of
from weirdgen.trials.findings import finding_record
from weirdgen.trials.inside import left_out
from weirdgen.trials.judge_use import judge_records
from weirdgen.trials.settings import recorded


def run_record(state: GateState, verdicts: Sequence[Verdict], status: int) -> RunRecord:
    """Return the record of a session.

    Args:
        state: of the session, its books closed.
        verdicts: with their session outcomes.
        status: exit status.
    """
    asked = [(v.model, v.probe, v.contrast) for v in verdicts]
    ran, places = set(asked), state.config.stash[TALLY].places
    opening = state.opening
    return RunRecord(
        weirdgen=__version__,
        started_at=state.started_at.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        plan=state.plan,
        plan_sha256=state.plan.sha256,
        options=recorded(state.settings),
        selection=state.selection or _selection(state.config),
        generation=opening.generation if opening else "",
        opened_at=opening.opened_at if opening else 0.0,
        warnings=opening.warnings if opening else (),
        identities=opening.told if opening else {},
        judges=judge_records(verdicts),
        findings={name: finding_record(state.catalog.probe(name)) for name in sorted({v.probe for v in verdicts})},
        verdicts=tuple(verdicts),
        expected=tuple(expected_of(v, state.expectation(v)) for v in verdicts),
        places=tuple(Place(file=f, line=n, test=t) for f, n, t in (places.get(one, NOWHERE) for one in asked)),
        not_run=tuple(f"{m} {p}/{c}" for m, p, c in state.hypotheses if (m, p, c) not in ran),
        left_out=left_out(state.catalog, state.settings),
        whitebox=state.whitebox,
        replay=opening.replay if opening else None,
        shard=state.settings.shard.name if state.settings.shard else "",
        merged=state.merged,
        exit_status=status,
        requests=state.drawn,
        judge_replies=state.judge_replies,
        usage=state.usage,
        spent=state.spent,
        reused=sum(v.n_reused for v in verdicts),
        server=state.server_count,
        environment=environment(state.settings.root),
        interrupted=status == int(pytest.ExitCode.INTERRUPTED),
    )


def _selection(config: pytest.Config) -> Selection:
    return Selection(
        files=tuple(clean(str(named)) for named in config.getoption("file_or_dir") or ()),
        keyword=clean(config.getoption("keyword") or ""),
        markers=clean(config.getoption("markexpr") or ""),
        deselected=dict(config.stash[TALLY].unplanned),
    )
