"""The run record: the one truth from which JUnit, tables and pages are projected."""

from typing import Literal

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.plan import Plan
from weirdgen.schema.sample import Source
from weirdgen.schema.verdict import Verdict


class ServerCount(Frozen):
    """What an embedded organism server counted by itself."""

    requests: int = 0
    choices: int = 0


class JudgeRecord(Frozen):
    """How an LLM judge did on gold answers of one behaviour; undecided ones count against it in both classes."""

    judge: str
    judge_identity: str
    gold_sha256: str
    source: Source
    """Kind of answers."""
    positives: int
    hits: int
    negatives: int
    false_alarms: int
    undecided: int
    asked: int
    """Answers that an LLM was asked about; of a cascade, its rules decided the others."""
    confusion: tuple[tuple[str, str, int], ...]
    """(gold label, label given, answers)."""


class RunRecord(Frozen):
    """One gate run (`run.json`, version 2)."""

    version: Literal[2] = 2
    weirdgen: str
    """Version of the package."""
    started_at: str
    """UTC, ISO 8601."""
    finished_at: str
    plan: Plan
    plan_sha256: str
    identities: dict[str, dict[str, str | int | None]] = {}
    """Per model as named: the identity its samples were drawn from."""
    judges: tuple[JudgeRecord, ...] = ()
    """LLM judges of the verdicts below."""
    verdicts: tuple[Verdict, ...] = ()
    not_run: tuple[str, ...] = ()
    """Contrasts of the family that were not selected or not reached: ``model-or-group probe/contrast``."""
    exit_status: int
    requests: int = 0
    """Samples that this run drew and paid for; retries come on top."""
    judge_replies: int = 0
    """Replies of LLM judges that this run paid for, those on gold answers included."""
    reused: int = 0
    """Samples taken from the store."""
    server: ServerCount | None = None
    environment: dict[str, str] = {}
    interrupted: bool = False
