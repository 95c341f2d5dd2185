"""Baseline files: written once, read back, matched with what a gate asks, and carried from release to release."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import ValidationError

from weirdgen.catalog import prompt, slots_of
from weirdgen.catalog.load import display_path
from weirdgen.errors import EvidenceError, UsageMistake
from weirdgen.judges.protocol import Judge
from weirdgen.organisms import zoo
from weirdgen.schema.baseline import Asked, Baseline, StoredContrast, StoredVersion
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.sample import Identity
from weirdgen.schema.verdict import StoredResult
from weirdgen.stats.rules import BLOCK_RATIO, StoredArm
from weirdgen.trials.arms import sampling_of, treated_cells


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier version that a contrast is compared with: what decides, and what people read."""

    arm: StoredArm
    result: StoredResult
    judges: dict[str, Identity] = field(default_factory=dict)
    """Who answered for the judges' models then."""


def asked_of(probe: Probe, contrast: Contrast, judge: Judge) -> Asked:
    """Return what a contrast asks and how it is judged, as the catalogue has it now.

    Of a condition with slots the first replicate's prompt stands for all, beside the slots themselves.
    """
    prompts: dict[str, list[object]] = {}
    for cell in treated_cells(probe, contrast):
        slots = slots_of(probe.conditions[cell.condition])
        messages = [message.model_dump(mode="json") for message in prompt(probe, cell.condition, cell.question)]
        prompts[cell.name] = [*messages, slots] if slots else [*messages]
    return Asked(
        prompts_digest=digest(prompts),
        judge_identity=judge.identity,
        sampling=sampling_of(probe, contrast),
    )


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        UsageMistake: it is missing, unreadable, of another version, or its counts cannot be.
    """
    where = f"baseline {display_path(path)}"
    try:
        return Baseline.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageMistake(f"{where}: {error.strerror or error}; make one with weirdgen baseline save") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if key == "version":
            raise UsageMistake(
                f"{where}: has version {first['input']!r}, and this weirdgen reads version 1: save it again, or gate "
                "with the weirdgen that wrote it"
            ) from None
        raise UsageMistake(f"{where}: is no baseline of weirdgen: {key + ': ' if key else ''}{first['msg']}") from None


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline file and prove that it reads back the same.

    Raises:
        EvidenceError: it cannot be written, or reads back differently.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(baseline.model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise EvidenceError(f"baseline {display_path(path)}: cannot be written: {error.strerror or error}") from None
    if read_baseline(path) != baseline:
        raise EvidenceError(f"baseline {display_path(path)}: reads back differently from what was written")


def references(
    baseline: Baseline, path: Path, probe: Probe, contrast: Contrast, judge: Judge, *, rounds: int
) -> tuple[Reference, ...]:
    """Return what a contrast is compared with: its counts in the stored version, then those of its anchor.

    Labels depend on the judge alone, so a gold set that has grown since is no reason to refuse.

    Args:
        baseline: read from `path`.
        path: for messages.
        probe: the probe of the contrast.
        contrast: as the catalogue has it now; not a graded one.
        judge: of the contrast's answers.
        rounds: most rounds of the treated arm.

    Raises:
        UsageMistake: the counts are not of what is asked now, or too few.
    """
    item = f"{probe.id}/{contrast.id}"
    where = f"--gate-baseline {display_path(path)}: {item}"
    if baseline.saved.find(item) is None:
        raise UsageMistake(f"{where} is not in it; save {baseline.saved.model} again with this catalogue")
    names = tuple(cell.name for cell in treated_cells(probe, contrast))
    found = []
    for index, (version, stored) in enumerate(baseline.versions(item)):
        changed = stored.asked.difference(asked_of(probe, contrast, judge))
        problem = (
            f"{changed} changed since it was stored; save that version again with this catalogue" if changed else ""
        )
        problem = problem or _chosen_late(stored, contrast) or _too_small(stored, contrast, rounds, anchor=index > 0)
        if problem or {q.question for q in stored.questions} != set(names):
            problem = problem or "its questions are others now; save that version again"
            raise UsageMistake(f"{where}: {problem} (stored of {version.model}, {version.saved_at[:10]})")
        found.append(_reference(version, stored, names, contrast, index))
    return tuple(found)


def refuse_itself(baseline: Baseline, path: Path, model: str) -> None:
    """Refuse to compare a model with its own counts: it would be ABSENT whatever it does.

    Behind a name that may change nothing tells one version from the next; there it is the user who knows.

    Raises:
        UsageMistake: the stored version is the very model that is to be gated.
    """
    stored = baseline.saved.identity
    same_organism = model == f"organism:{stored.model}" and stored.kind == "organism"
    if (same_organism and zoo.digest(stored.model) == stored.digest) or (
        stored.kind == "finetune" and model == stored.model
    ):
        raise UsageMistake(
            f"--gate-baseline {display_path(path)}: was saved from {model}, the model to be gated; compared with "
            "itself it shows nothing. Name the baseline of the version before it"
        )


def digest_of(found: Sequence[Reference]) -> str:
    """Return the digest of the counts that decide, empty if there are none."""
    return digest([asdict(reference.arm) for reference in found]) if found else ""


def too_few_for_blocks(chosen: Iterable[tuple[Probe, Contrast]], samples: int, cap: int) -> str:
    """Return where a gate would refuse a baseline of this size, and which size suffices; empty if nowhere.

    Args:
        chosen: what is to be stored.
        samples: per question.
        cap: treated samples per contrast that the gate may draw.
    """
    short = {}
    for probe, contrast in chosen:
        needed = _needed(contrast, cap // len(treated_cells(probe, contrast)))
        if needed > samples:
            short[f"{probe.id}/{contrast.id}"] = needed
    if not short:
        return ""
    listed = ", ".join(f"{item} ({needed})" for item, needed in short.items())
    return (
        f"--samples {samples} is too few for a gate with the default cap of {cap}, which would refuse the file: it "
        f'compares {listed} in blocks (stored = "blocks") and needs that many stored samples per question; '
        f"--samples {max(short.values())} or more would do"
    )


def _chosen_late(stored: StoredContrast, contrast: Contrast) -> str:
    """Refuse a method that may have been chosen by looking at the sample: it would give no e-value on it."""
    if stored.method == contrast.stored:
        return ""
    return (
        f'the contrast declares stored = "{contrast.stored}", but "{stored.method}" when the sample was drawn; save a '
        "new one with another --samples"
    )


def _needed(contrast: Contrast, rounds: int) -> int:
    """Return the stored samples per question that a contrast needs for its rounds."""
    return BLOCK_RATIO * rounds if contrast.stored == "blocks" else 0


def _too_small(stored: StoredContrast, contrast: Contrast, rounds: int, *, anchor: bool) -> str:
    needed = _needed(contrast, rounds)
    if stored.n >= needed:
        return ""
    cap = stored.n // BLOCK_RATIO * len(stored.questions)
    lower = f", or give --gate-cap {cap} at most" if cap else ""
    # An anchor is of the past: nobody can draw a larger sample of it.
    remedy = "give it up by saving without --previous" if anchor else f"save with --samples {needed} or more"
    return (
        f"{stored.n} stored samples per question, but blocks use {BLOCK_RATIO} in each of the {rounds} rounds under "
        f"the cap; {remedy}{lower}"
    )


def _reference(
    version: StoredVersion, stored: StoredContrast, names: Sequence[str], contrast: Contrast, index: int
) -> Reference:
    """Return the counts in the order of today's questions: to reorder a probe file is no other contrast."""
    counts = {q.question: q for q in stored.questions}
    arm = StoredArm(
        positives=tuple(counts[name].positives for name in names),
        missing=tuple(counts[name].missing for name in names),
        n=stored.n,
        method=contrast.stored,
        # Another order for the anchor: the same one would tie what its blocks show to those of the version.
        seed=int(digest([stored.item_id, index])[:16], 16),
    )
    result = StoredResult(
        model=version.model,
        saved_at=version.saved_at,
        anchor=index > 0,
        n=stored.total,
        positives=stored.positives,
        missing=stored.missing,
        rate=stored.rate,
    )
    return Reference(arm, result, version.judges)


def carried_anchors(previous: Baseline, saved: StoredVersion) -> tuple[StoredVersion, ...]:
    """Return the anchors of a new version: per contrast the first one that was asked, judged and compared in its way.

    A contrast that changed since begins anew with the new version; one that the previous version was the first to have
    is anchored there. One that the new version lacks keeps its anchor for a later one: leaving it out of one release
    must not let its margin creep.
    """
    anchors, anchored = [], set[str]()
    for version in (*previous.anchors, previous.saved):
        kept = []
        for stored in version.contrasts:
            now = saved.find(stored.item_id)
            comparable = now is None or (stored.method == now.method and not stored.asked.difference(now.asked))
            if comparable and stored.item_id not in anchored:
                kept.append(stored)
        anchored |= {stored.item_id for stored in kept}
        if kept:
            anchors.append(version.model_copy(update={"contrasts": tuple(kept)}))
    return tuple(anchors)
