"""Beside pytest-xdist: the controller opens the gate once and hands it to its workers."""

from typing import Any

import pytest

from weirdgen.errors import WeirdgenError
from weirdgen.plugin.collection import state_of
from weirdgen.plugin.running import WORKER_INPUT


def open_for(node: Any) -> None:
    """Open the gate, if it is not open yet, and put it into a worker's input.

    Args:
        node: xdist's controller of one worker, before that starts.

    Raises:
        pytest.UsageError: an endpoint refuses, or `state_of` does.
    """
    try:
        opening = state_of(node.config).open()
    except WeirdgenError as error:
        raise pytest.UsageError(str(error)) from None
    node.workerinput[WORKER_INPUT] = opening.model_dump_json()
