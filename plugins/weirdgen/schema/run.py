"""The run record: the one truth from which JUnit, tables and pages are projected."""

from typing import Literal

from pydantic import JsonValue

from weirdgen.schema.finding import FindingRecord
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.plan import Plan
from weirdgen.schema.sample import Usage
from weirdgen.schema.verdict import JudgeRecord, Verdict
from weirdgen.schema.whitebox import WhiteBoxRecord


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


class Selection(Frozen):
    """What of the suites was asked for."""

    files: tuple[str, ...] = ()
    """Files and folders that were named; empty: all that are configured."""
    keyword: str = ""
    """`-k`."""
    markers: str = ""
    """`-m`."""
    deselected: dict[str, int] = {}
    """Tests that were collected but ask for what this gate does not plan: how many, by the reason."""


class Expected(Frozen):
    """What the gate's mode expects of a verdict. A test of the user's may expect something else by itself."""

    model: str
    probe: str
    contrast: str
    passing: tuple[str, ...]
    """Outcomes that pass."""
    judged: bool
    """False: reported only, because the paper says nothing of it."""
    met: bool
    """Whether the verdict passes, after the procedure over the session."""


class Place(Frozen):
    """Where the test of a verdict stands."""

    file: str
    """Relative to pytest's rootdir, with slashes."""
    line: int
    """Of the test function, from 1."""
    test: str
    """pytest's name of the item, to run it again."""


class RunRecord(Frozen):
    """One gate run (`run.json`, version 3)."""

    version: Literal[3] = 3
    weirdgen: str
    """Version of the package."""
    started_at: str
    """UTC, ISO 8601."""
    finished_at: str
    plan: Plan
    plan_sha256: str
    options: dict[str, JsonValue] = {}
    """What the user asked for, as far as verdicts depend on it: with it the plan can be made again."""
    selection: Selection = Selection()
    generation: str = ""
    """Token of the gate: which opening in a store or bundle is this run's."""
    opened_at: float = 0.0
    """UNIX time at which the endpoints were asked who they are; samples from before it are reused ones."""
    warnings: tuple[str, ...] = ()
    """What the opening told."""
    identities: dict[str, dict[str, str | int | None]] = {}
    """Per model as named, and role: the identity its samples were drawn from, how it was sampled, and who answered."""
    judges: tuple[JudgeRecord, ...] = ()
    """LLM judges of the verdicts below."""
    findings: dict[str, FindingRecord] = {}
    """The probes of the verdicts below, by id."""
    verdicts: tuple[Verdict, ...] = ()
    expected: tuple[Expected, ...] = ()
    """One for each verdict, in their order."""
    places: tuple[Place, ...] = ()
    """One for each verdict, in their order; of a contrast that several tests ask for, that of the last."""
    not_run: tuple[str, ...] = ()
    """Contrasts of the family that were not selected or not reached: ``model-or-group probe/contrast``."""
    left_out: dict[str, str] = {}
    """Probes of the catalogue that this gate does not plan, each with the reason; they are not in the family."""
    whitebox: tuple[WhiteBoxRecord, ...] = ()
    """What was found inside the gated networks into which verdicts look."""
    replay: Replayed | None = None
    """Of a replay: nothing was asked of anybody, and nothing in it is newer than its cassette. None: a live run."""
    shard: str = ""
    """Of a part of a gate that was cut: ``2/4``. Its exit status and its session verdicts are not those of the gate."""
    merged: int = 0
    """Of a gate that was cut: shards that it was made from; 0: it ran in one piece."""
    exit_status: int
    requests: int = 0
    """Samples that this run drew and paid for; retries come on top."""
    judge_replies: int = 0
    """Replies of LLM judges that this run paid for, those on gold answers included."""
    usage: Usage = Usage()
    """Tokens of what this run drew, judges' included."""
    spent: str = ""
    """Of a budget: what this gate has spent of what, in all its runs; empty: there was none."""
    reused: int = 0
    """Samples taken from the store."""
    server: ServerCount | None = None
    environment: dict[str, str] = {}
    """Versions, platform, git commit and whether files differ from it, and what of the CI run is public."""
    interrupted: bool = False
