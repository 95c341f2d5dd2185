"""The `trial` that a test gets: one contrast, run to its verdict. Test files import it, so that it loads light."""

from typing import TYPE_CHECKING, Literal, NoReturn

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.plugin.tally import BEHAVIOUR, INCONCLUSIVE, INVALID
from weirdgen.schema.text import shown_block

if TYPE_CHECKING:
    from weirdgen.schema.verdict import Outcome, Verdict
    from weirdgen.trials.expectation import Expectation


def fail_with(exit_status: int, message: str) -> NoReturn:
    """Fail the item, and note on the failure itself which exit status it calls for: only that one counts as ours."""
    try:
        pytest.fail(shown_block(message), pytrace=False)
    except BaseException as failure:
        vars(failure)["exit_status"] = exit_status
        raise


class Trial:
    """A contrast of a model or a group that was run to its verdict."""

    def __init__(self, verdict: "Verdict", expected: "Expectation") -> None:
        self._verdict = verdict
        self._expected = expected
        self.checked = False
        """Whether the test called `check`. A verdict that nobody checked is judged at session end all the same."""

    @property
    def verdict(self) -> "Verdict":
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
        from weirdgen.reporting.summary import failure_text
        from weirdgen.trials.expectation import stated

        try:
            expected = self._expected if expect is None else stated(expect)
        except UsageMistake as error:
            fail_with(INVALID, str(error))
        self.checked = True
        if not expected.met(self._verdict.outcome):
            note = f"{expected.note}\n" if expected.note else ""
            fail_with(exit_class(self._verdict.outcome), note + failure_text(self._verdict))


def exit_class(outcome: "Outcome") -> int:
    """Return the exit status that an outcome calls for where it does not meet its expectation."""
    return {"INCONCLUSIVE": INCONCLUSIVE, "INVALID": INVALID}.get(outcome.value, BEHAVIOUR)
