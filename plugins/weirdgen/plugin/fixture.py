"""The fixture that hands a test its `trial`, once that has a verdict."""

from typing import TYPE_CHECKING

import pytest

from weirdgen.errors import WeirdgenError
from weirdgen.plugin.keys import STATE, TRIAL, VERDICT
from weirdgen.plugin.tally import INVALID
from weirdgen.plugin.trial import Trial, fail_with
from weirdgen.reporting.properties import properties
from weirdgen.reporting.summary import failure_text
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.verdict import Outcome

if TYPE_CHECKING:
    from weirdgen.plugin.state import GateState


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
