"""The `trial` that a test gets: one contrast, run to its verdict."""

from typing import TYPE_CHECKING, Literal, NoReturn

import pytest

from weirdgen.errors import UsageMistake, WeirdgenError
from weirdgen.plugin.keys import STATE, TRIAL, VERDICT
from weirdgen.plugin.tally import BEHAVIOUR, INCONCLUSIVE, INVALID
from weirdgen.reporting.properties import properties
from weirdgen.reporting.summary import failure_text
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.text import shown_block
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.trials.expectation import Expectation, stated

if TYPE_CHECKING:
    from weirdgen.plugin.state import GateState


def fail_with(exit_status: int, message: str) -> NoReturn:
    """Fail the item, and note on the failure itself which exit status it calls for: only that one counts as ours."""
    try:
        pytest.fail(shown_block(message), pytrace=False)
    except BaseException as failure:
        vars(failure)["exit_status"] = exit_status
        raise


class Trial:
    """A contrast of a model or a group that was run to its verdict."""

    def __init__(self, verdict: Verdict, expected: Expectation) -> None:
        self._verdict = verdict
        self._expected = expected
        self.checked = False
        """Whether the test called `check`. A verdict that nobody checked is judged at session end all the same."""

    @property
    def verdict(self) -> Verdict:
        """Outcome, rates with intervals, e-values, sample sizes: for assertions beyond `check`, never instead of it."""
        return self._verdict

    def check(self, expect: Literal["present", "absent"] | None = None) -> None:
        """Assert the verdict.

        Args:
            expect: the outcome that passes. None: what the mode expects, which is ABSENT in gate mode and the paper's
                finding in replication mode.

        Raises:
            pytest.fail.Exception: the verdict is another one, or `expect` is something else.
        """
        __tracebackhide__ = True
        try:
            expected = self._expected if expect is None else stated(expect)
        except UsageMistake as error:
            fail_with(INVALID, str(error))
        self.checked = True
        if not expected.met(self._verdict.outcome):
            note = f"{expected.note}\n" if expected.note else ""
            fail_with(exit_class(self._verdict.outcome), note + failure_text(self._verdict))


def exit_class(outcome: Outcome) -> int:
    """Return the exit status that an outcome calls for where it does not meet its expectation."""
    return {Outcome.INCONCLUSIVE: INCONCLUSIVE, Outcome.INVALID: INVALID}.get(outcome, BEHAVIOUR)


def finished(request: pytest.FixtureRequest) -> Trial:
    """Wait for the item's trial and hand it to the test.

    An INVALID verdict fails here, in setup, so that JUnit shows an error (of the measurement) and not a failure
    (of the behaviour).
    """
    __tracebackhide__ = True
    asked = getattr(request, "param", None)
    if asked is None:
        pytest.fail("name `trial` as an argument of the test function: it cannot be asked for later", pytrace=False)
    state: GateState = request.config.stash[STATE]
    try:
        verdict = state.wait(asked)
    except WeirdgenError as error:
        fail_with(INVALID, str(error))
    trial = Trial(verdict, state.expectation(verdict))
    request.node.stash[VERDICT] = canonical_json(verdict.model_dump(mode="json"))
    request.node.stash[TRIAL] = trial
    request.node.user_properties.extend(properties(verdict))
    if verdict.outcome is Outcome.INVALID:
        fail_with(INVALID, failure_text(verdict))
    return trial
