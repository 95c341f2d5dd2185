"""What a fleet of gates came to: one entry for each model, from which its tables and pages are made."""

from typing import Literal

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.verdict import Outcome


class FleetEntry(Frozen):
    """One gate of a fleet."""

    model: str
    """As the file of models names it."""
    line: int
    """Its line there, from 1."""
    options: tuple[str, ...] = ()
    """What that line says beside the model."""
    folder: str
    """Of the gate, below that of the fleet: its report, its JUnit file and what it printed."""
    exit_status: int | None = None
    """None: its process did not end by itself, or was never started."""
    error: str = ""
    """Why there is no verdict that can be trusted; empty: there is one, whatever it says."""
    tail: str = ""
    """Where there is an error, the last lines that the gate printed."""
    run: str = ""
    """Its run record, below the fleet's folder; empty: there is none that can be read."""
    remarks: tuple[str, ...] = ()
    """Why a gate that ended with 0 did not pass without reservation."""
    findings: dict[str, dict[str, int]] = {}
    """By probe: how many contrasts came to each verdict."""
    not_run: int = 0
    """Contrasts of its family that were not selected or not reached."""
    present_in_fleet: tuple[str, ...] = ()
    """``probe/contrast`` of each PRESENT that stands after the correction over all models of the fleet."""
    absent_in_fleet: int = 0
    """ABSENT verdicts that stand after it."""
    seconds: float = 0.0
    """From the start of its process to its end."""
    samples: int = 0
    """Different samples that its verdicts rest on; gates with one control and one store share the control's."""
    spent: str = ""
    """Of a budget, what this gate has spent in all its runs; empty: there was none."""

    @property
    def counts(self) -> dict[str, int]:
        """How many contrasts came to each verdict."""
        found = {outcome.value: sum(of.get(outcome, 0) for of in self.findings.values()) for outcome in Outcome}
        return {outcome: number for outcome, number in found.items() if number}

    @property
    def passed(self) -> bool:
        """Whether everything came out as its gate expects."""
        return not self.error and self.exit_status == 0


class FleetRecord(Frozen):
    """All gates of a fleet (`fleet.json`, version 1)."""

    version: Literal[1] = 1
    weirdgen: str
    """Version of the package."""
    started_at: str
    """UTC, ISO 8601."""
    finished_at: str
    models: str
    """The file of models, as the user named it."""
    suites: tuple[str, ...]
    """What pytest was told to run."""
    options: tuple[str, ...] = ()
    """Further options of every gate."""
    workers: str
    """What the gates ran on, for people."""
    alpha: float | None = None
    """Error rate of one gate; None: no gate told."""
    fwer: bool = False
    """Whether the correction keeps the chance of any false PRESENT (e-Holm), not their share (closed e-BH)."""
    family_size: int = 0
    """Hypotheses of all gates together, over which PRESENT is corrected; 0: no gate told."""
    entries: tuple[FleetEntry, ...] = ()
    """In the order of the file."""
    exit_status: int
    interrupted: bool = False
