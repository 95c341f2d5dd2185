"""A server whose model judges as the probe's rules do, or wrongly in a way that the test says."""

import json
from collections.abc import Callable
from typing import Any

from chat_server import Reply

from weirdgen.catalog import load_catalog
from weirdgen.judges import RuleJudge
from weirdgen.judges.rubric_prompt import system_text

CATALOG = load_catalog()
RULES = {
    system_text(behaviour.rubric): (RuleJudge(behaviour), behaviour.rubric)
    for probe in CATALOG.probes.values()
    for behaviour in probe.behaviours.values()
    if behaviour.rubric is not None
}
"""By the system message that asks for them."""


def fenced_in(prompt: str) -> str:
    """Return the answer that a judge's prompt holds between its fences."""
    lines = prompt.split("\n")
    fence = lines[2]
    assert lines[-1] == fence
    assert lines.count(fence) == 2
    return "\n".join(lines[3:-1])


def by_rules(body: dict[str, Any]) -> str:
    """Return the label that rules give, as the JSON or the number that is asked for; a word for anything else."""
    system, user, *_ = [message["content"] for message in body["messages"]] + [""]
    if system not in RULES:
        return "OK"
    rules, rubric = RULES[system]
    label = rules.judge(fenced_in(user))
    return str(rubric.rating[label]) if label in rubric.rating else json.dumps({"label": label})


def judging(reply: Callable[[dict[str, Any], str], Reply]) -> Callable[[dict[str, Any]], Reply]:
    """Return a script that hands judge requests, with what rules would say, to `reply`; others are greeted."""

    def script(body: dict[str, Any]) -> Reply:
        return reply(body, by_rules(body)) if body["messages"][0]["content"] in RULES else "OK"

    return script
