"""The gate of one pytest session: on a lone process, an xdist controller, or an xdist worker."""

import contextlib
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from weirdgen.catalog import Catalog, load_catalog
from weirdgen.errors import StoreError, UsageMistake, WeirdgenError
from weirdgen.pages import extra
from weirdgen.plugin.options import read_settings, wants_plan
from weirdgen.plugin.reruns import refuse_reruns
from weirdgen.schema.sample import Usage
from weirdgen.schema.text import shown_block
from weirdgen.trials.comparators import not_compared
from weirdgen.trials.costs import budget_of
from weirdgen.trials.hypotheses import Hypothesis, hypotheses
from weirdgen.trials.planning import Task, plan_gate
from weirdgen.trials.settings import GateSettings, check_replay

if TYPE_CHECKING:
    from weirdgen.schema.run import Selection, ServerCount
    from weirdgen.schema.verdict import Verdict
    from weirdgen.schema.whitebox import WhiteBoxRecord
    from weirdgen.store.shards import Cut
    from weirdgen.trials.expectation import Expectation
    from weirdgen.trials.gate import Gate
    from weirdgen.trials.opening import OpenGate, Opening

EXACT = ("prefix", "choice")
"""Scorers that are no judge that anybody chose."""


class GateState:
    """Everything a session knows of its gate; made before the first test is collected."""

    def __init__(self, config: pytest.Config, settings: GateSettings | None = None) -> None:
        """Read options and catalogue and fix the plan; nothing is sent.

        Args:
            config: of the session.
            settings: of a gate that ran elsewhere and is only reported here; None: the session's own options.

        Raises:
            UsageMistake: a probe file or a model cannot be used, or failed tests would be rerun.
            pytest.UsageError: an option's value is not allowed.
        """
        refuse_reruns(config)
        self.config = config
        self.settings: GateSettings = settings or read_settings(config)
        check_replay(self.settings, plans=wants_plan(config))
        if self.settings.html and (told := extra.missing()):
            raise UsageMistake(f"--gate-html: {told}")
        self.catalog: Catalog = load_catalog(self.settings.probe_dirs)
        self.plan, self.tasks = plan_gate(self.catalog, self.settings)
        if settings is None:
            budget_of(self.plan, self.settings, "")  # a price that is not known is told before anything is sent
        self.hypotheses = hypotheses(self.plan, self.tasks)
        self.started_at = datetime.now(UTC)
        self.opening: Opening | None = None
        self._open: OpenGate | None = None
        self._gate: Gate | None = None
        self.server_count: ServerCount | None = None
        self.session = secrets.token_hex(8)
        """Of a shard: names this run of it in the store."""
        self.cut: Cut | None = None
        """Of a shard: the gate that it is a part of, once that is open."""
        self.merged = 0
        """Shards that the gate was made from; 0: it runs here."""
        self.selection: Selection | None = None
        """Of a gate that ran elsewhere: what was asked for."""
        self.broken = ""
        """On a worker: why the gate could not start."""
        self.drawn = 0
        """Samples that the session drew; counted at its end."""
        self.judge_replies = 0
        """Replies of judges that the session paid for; counted at its end."""
        self.usage = Usage()
        """Tokens of what the session drew; counted at its end."""
        self.spent = ""
        """What the gate has spent of its budget, in all its runs; counted at the session's end."""
        self.verdicts: Sequence[Verdict] = ()
        """Of the whole session, once it ended."""
        self.annotations: Sequence[str] = ()
        """Commands to the runner of a GitHub job, once the session ended."""
        self.whitebox: tuple[WhiteBoxRecord, ...] = ()
        """What was found inside networks, once the session ended."""
        self.written: Path | None = None
        """Where the run record went, once written."""
        self.evidence: Path | None = None
        """Where the evidence bundle went, once written and verified."""
        self.page: Path | None = None
        """Where the report page went, if one was written."""

    def open(self) -> "Opening":
        """Open the gate on the process that owns it (no worker): servers, identities, the header lines.

        Raises:
            UsageMistake: an address or a name is wrong, or the report folder is in use.
            EndpointError: an endpoint refuses or cannot be reached.
            StoreError: the store cannot be used.
        """
        if self.opening is None:
            made = make_empty(self.report_folder)
            self.say(
                f"weirdgen gate: {', '.join(self._gated())}; family of {self.plan.family_size}; "
                f"alpha {self.plan.alpha:g}; plan {self.plan.sha256}"
            )
            for line in self.terms():
                self.say(f"weirdgen {line}")
            try:
                from weirdgen.plugin import running

                self._open = running.opened(self.plan, self.settings, self.catalog, self.session)
            except WeirdgenError:
                if made:  # nothing was measured, so there is nothing to report
                    with contextlib.suppress(OSError):
                        self.report_folder.rmdir()
                raise
            self.opening, self.cut = self._open.opening, self._open.cut
            if self.opening.replay is not None:
                self.say(f"weirdgen replay: {self.opening.replay.text}; no model is asked")
            for warning in self.opening.warnings:
                self.say(f"weirdgen warning: {warning}")
        return self.opening

    def _gated(self) -> list[str]:
        groups = [f"{group.name} ({', '.join(group.members)})" for group in self.plan.groups]
        return [*self.plan.models, *groups]

    def terms(self) -> list[str]:
        """Return, for the header and the plan, what makes this gate another one than by default."""
        lines = [f"baseline: {line}" for line in (*self._compared_with(), *not_compared(self.plan))]
        if self.plan.judge_models:
            deciding = dict.fromkeys(c.judge for c in self.plan.contrasts if c.judge not in EXACT)
            compared = dict.fromkeys(c.second_judge for c in self.plan.contrasts if c.second_judge)
            where = f" (at {self.plan.judge_base_url})" if self.plan.judge_base_url else ""
            beside = f"; {' and '.join(compared)} is compared and decides nothing" if compared else ""
            lines.append(f"judge: {' and '.join(deciding)}{beside}{where}")
        if self.plan.mode == "replicate":
            lines.append("mode: replicate; what the paper found is what passes")
        if self.settings.batch and self.settings.replay is None:
            hours = self.settings.batch_wait / 3600
            lines.append(
                f"batches: the models are asked through their servers' Batch API, waited for up to {hours:g} h"
            )
        if (shard := self.settings.shard) is not None:
            own = len(shard.of(list(self.hypotheses)))
            lines.append(
                f"shard {shard.name}: {own} of the {self.plan.family_size}; `weirdgen report` merges the shards"
            )
        if self.plan.fwer:
            lines.append("multiplicity: e-Holm; it keeps the chance of any false PRESENT, not the share of false ones")
        return lines

    def _compared_with(self) -> list[str]:
        stored = {
            (one.result.anchor, one.result.model, one.arm.n, one.result.saved_at[:10])
            for task in self.tasks.values()
            for one in task.stored
        }
        return [
            f"against {'its anchor' if anchor else 'the stored version of'} {model} ({n} samples per question, {day})"
            for anchor, model, n, day in sorted(stored)
        ]

    def start(self, at_once: Sequence[Task]) -> None:
        """Start trials: opened here, or with what the xdist controller opened.

        Args:
            at_once: those that may start before their item's turn, in the items' order.

        Raises:
            WeirdgenError: the gate cannot be opened.
        """
        from weirdgen.plugin import running
        from weirdgen.trials.gate import Gate

        worker = hasattr(self.config, "workerinput")
        opening = running.received(self.config, self.plan) if worker else self.open()
        self._gate = Gate(self.settings, self.plan, opening)
        self._gate.start(at_once, lookahead=self._lookahead)

    @property
    def _lookahead(self) -> int | None:
        """With `-x`, how many trials run ahead; in batches all do, because each wave of them may take a day."""
        return 1 if self.config.getoption("maxfail") and not self.settings.batch else None

    def wait(self, asked: Hypothesis) -> "Verdict":
        """Return the verdict that an item asks for, showing progress on a terminal while it is not there.

        Raises:
            WeirdgenError: the gate never started.
        """
        from weirdgen.plugin import running

        if self._gate is None:
            raise WeirdgenError(self.broken or "the gate was not started: was the collection interrupted?")
        return running.waited(self._gate, asked, self.plan, self.config, self.say)

    def expectation(self, verdict: "Verdict") -> "Expectation":
        """Return what the mode expects of the contrast that a verdict is on."""
        from weirdgen.trials.expectation import expectation

        asked = self.hypotheses[verdict.model, verdict.probe, verdict.contrast]
        return expectation(asked.probe, asked.contrast, asked.name, self.settings)

    def close(self, *, drain: bool = False) -> None:
        """Stop sampling, then the embedded server. Idempotent; everything completed is in the store.

        Args:
            drain: wait some seconds for answers that are under way: another worker may need them.
        """
        if self._gate is not None:
            self._gate.close(drain=drain)
            self._gate = None
        if self._open is not None:
            self.server_count = self._open.close()
            self._open = None

    @property
    def report_folder(self) -> Path:
        """Where this run's reports go."""
        name = f"{self.started_at:%Y%m%dT%H%M%S.%fZ}-{self.plan.sha256[:8]}"
        return self.settings.report or self.settings.root / "reports" / name

    def conclude(self, verdicts: "Sequence[Verdict]") -> None:
        """Mark the gate of a session that ended by itself: it goes on only while a contrast is undecided.

        A gate that stays open hands its samples to the next run. Once all is decided it closes: a model that was
        retrained behind its name must not pass on old samples. A replay is no session of its gate.

        Raises:
            StoreError: the store cannot be written, and the gate was to be closed.
        """
        if self.opening is None or self.opening.replay is not None or not verdicts:
            return
        from weirdgen.plugin import running

        if warning := running.concluded(self.settings, self.opening, self.plan, verdicts):
            self.say(f"weirdgen warning: {warning}")

    def look_inside(self, verdicts: "Sequence[Verdict]") -> None:
        """Keep what was found inside networks, while the store that a replay has is still there.

        Raises:
            StoreError: the store cannot be read.
            EvidenceError: what is in it does not fit the opening.
        """
        if self.opening is not None and self.opening.studies:
            from weirdgen.plugin import running

            self.whitebox = running.found(self.plan, self.tasks, self.opening, self.settings, verdicts)

    def close_books(self) -> None:
        """Count what this session drew, on all its processes; 0 for a replay, and where the store cannot say."""
        if self.opening is not None and self.opening.replay is None:
            from weirdgen.plugin import running

            with contextlib.suppress(StoreError):
                self.drawn, self.judge_replies, self.usage, self.spent = running.counted(self.settings, self.opening)

    def say(self, line: str) -> None:
        """Print a line, on stderr where pytest has no terminal reporter; what others said in it does nothing."""
        line = shown_block(line)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            print(line, file=sys.stderr)
        else:
            reporter.ensure_newline()
            reporter.write_line(line)


def make_empty(folder: Path) -> bool:
    """Make the report folder before anything is paid for; return whether it was not there.

    Raises:
        UsageMistake: it cannot be made, or is in use.
    """
    there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        used = any(folder.iterdir())
    except OSError as error:
        raise UsageMistake(f"--gate-report {folder}: {error.strerror or error}; name a folder to be made") from None
    if used:
        raise UsageMistake(f"--gate-report {folder}: is not an empty folder; reports of two runs are never mixed")
    return not there
