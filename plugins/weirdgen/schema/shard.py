"""Shards: the parts that a gate is cut into, each run by a process of its own, and what each leaves for the merge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.run import RunRecord

T = TypeVar("T")

_CI_RUNS = (("ci.github_repository", "ci.github_run_id"), ("ci.ci_project_url", "ci.ci_pipeline_id"), ("ci.build_url",))
"""Of GitHub, GitLab and Jenkins: what all jobs of one run have in common, in a record's `environment`."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One of the parts of a gate."""

    number: int
    """From 1."""
    total: int
    """Parts of the gate, this one included."""

    @property
    def name(self) -> str:
        """As the user writes it: ``2/4``."""
        return f"{self.number}/{self.total}"

    def of(self, family: Sequence[T]) -> Sequence[T]:
        """Return this shard's part of a family: every N-th, so that neighbours, which cost alike, are spread."""
        return family[self.number - 1 :: self.total]


class ShardRecord(Frozen):
    """What a shard that ended leaves in the store: with those of the others the gate's record is made."""

    run: RunRecord
    """Of the shard, without its verdicts: they are in the reports."""
    limits: dict[str, JsonValue]
    """Of money and requests, as the user gave them: one account has one limit."""
    reports: tuple[str, ...]
    """pytest's reports of the shard's tests as JSON, in their order; a text of a user's may hold what no JSON value of
    pydantic's can."""

    @property
    def terms(self) -> dict[str, JsonValue]:
        """What has to be the same in all shards of a gate."""
        run = self.run
        selection = run.selection.model_dump(mode="json", exclude={"deselected"})
        told: dict[str, JsonValue] = {"weirdgen": run.weirdgen}
        # Where the tests are in no repository, there is nothing to compare.
        told |= {name: run.environment.get(name) for name in ("git.commit", "git.dirty")}
        told |= {f"selection: {name}": value for name, value in selection.items()}
        return told | self.limits | run.options


def ci_run(environment: Mapping[str, str]) -> str:
    """Return which run of a CI system a record's `environment` tells of; empty: none."""
    for names in _CI_RUNS:
        if environment.get(names[-1]):
            return " ".join(environment.get(name, "") for name in names).strip()
    return ""
