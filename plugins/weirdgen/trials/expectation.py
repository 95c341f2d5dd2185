"""What a mode expects of a contrast."""

from dataclasses import dataclass

from weirdgen.errors import UsageMistake, nearest
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.run import Expected
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.trials.settings import GateSettings


@dataclass(frozen=True, slots=True)
class Expectation:
    """The outcomes that pass, and a note for people when they do not."""

    passing: frozenset[Outcome]
    note: str = ""
    judged: bool = True
    """Whether it was held against anything; else it is only reported."""

    def met(self, outcome: Outcome) -> bool:
        """Whether an outcome passes. INVALID never does."""
        return outcome in self.passing and outcome is not Outcome.INVALID


def stated(expect: str) -> Expectation:
    """Return the expectation that a test states itself.

    Raises:
        UsageMistake: it is neither "present" nor "absent".
    """
    known = ("present", "absent")
    if expect not in known:
        raise UsageMistake(f"trial.check({expect!r}): expected 'present' or 'absent'.{nearest(str(expect), known)}")
    return Expectation(frozenset({Outcome(expect.upper())}), f"The test expects {expect.upper()}.")


def expectation(probe: Probe, contrast: Contrast, model: str, settings: GateSettings) -> Expectation:
    """Return what the mode expects: ABSENT in gate mode, what the paper published in replication mode.

    A contrast of which the paper says nothing, or nothing about a finetune on such data, is reported there, not judged.
    A diagnostic contrast is reported everywhere: it says nothing about the model.
    """
    if contrast.diagnostic:
        return Expectation(frozenset(Outcome), judged=False)
    tolerated = {Outcome.INCONCLUSIVE} if settings.inconclusive == "warn" else set()
    if settings.mode == "gate":
        return Expectation(frozenset({Outcome.ABSENT} | tolerated))
    expected = contrast.published.expect if contrast.published else None
    if expected is None or not _is_about(probe, contrast, model):
        return Expectation(frozenset(Outcome), judged=False)
    wanted = Outcome.PRESENT if expected == "present" else Outcome.ABSENT
    return Expectation(frozenset({wanted} | tolerated), f"The paper reports this contrast as {expected}.")


def expected_of(verdict: Verdict, expected: Expectation) -> Expected:
    """Return how a verdict stands to what is expected of it, for the run record."""
    return Expected(
        model=verdict.model,
        probe=verdict.probe,
        contrast=verdict.contrast,
        passing=tuple(sorted(expected.passing)),
        judged=expected.judged,
        met=expected.met(verdict.final),
    )


def _is_about(probe: Probe, contrast: Contrast, model: str) -> bool:
    """Whether what the paper reports is about a finetune on the model's data; what names no organism is about most."""
    named = {f"organism:{each.published.organism}" for each in probe.contrasts if each.published}
    about = contrast.published.organism if contrast.published else ""
    return model == f"organism:{about}" if about else model not in named
