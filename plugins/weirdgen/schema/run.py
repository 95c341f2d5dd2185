"""The run record: the one truth from which JUnit, tables and pages are projected."""

from typing import Literal

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.plan import Plan
from weirdgen.schema.verdict import JudgeRecord, Verdict


class ServerCount(Frozen):
    """What an embedded organism server counted by itself."""

    requests: int = 0
    choices: int = 0


class Replayed(Frozen):
    """The cassette that a run was replayed from."""

    file: str
    """As the user named it."""
    sha256: str

    @property
    def text(self) -> str:
        """For people and reports."""
        return f"{self.file} (SHA-256 {self.sha256})"


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
    replay: Replayed | None = None
    """Of a replay: nothing was asked of anybody, and nothing in it is newer than its cassette. None: a live run."""
    exit_status: int
    requests: int = 0
    """Samples that this run drew and paid for; retries come on top."""
    judge_replies: int = 0
    """Replies of LLM judges that this run paid for, those on gold answers included."""
    spent: str = ""
    """Of a budget: what this gate has spent of what, in all its runs; empty: there was none."""
    reused: int = 0
    """Samples taken from the store."""
    server: ServerCount | None = None
    environment: dict[str, str] = {}
    interrupted: bool = False
