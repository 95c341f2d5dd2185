"""What one pytest item asks: a contrast of one model, or of a group of finetunes of one recipe.

Listing tests needs these, and none of the statistics that a group's verdict is made with (`trials/group.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.verdict import Verdict
from weirdgen.trials.planning import Address, Task


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One contrast of one model or group: what an item waits for."""

    name: str
    """Of the model or the group."""
    tasks: tuple[Task, ...]
    """One; of a group one per member."""

    @property
    def address(self) -> Address:
        """(model or group, probe, contrast)."""
        return self.name, *self.tasks[0].address[1:]

    @property
    def contrast(self) -> Contrast:
        """The contrast, the same for all members."""
        return self.tasks[0].contrast

    @property
    def probe(self) -> Probe:
        """The contrast's probe, the same for all members."""
        return self.tasks[0].probe

    def verdict(self, of_tasks: Sequence[Verdict], plan: Plan) -> Verdict:
        """Return the verdict, from those of its tasks."""
        if len(self.tasks) == 1:
            return of_tasks[0]
        from weirdgen.trials.group import group_verdict

        return group_verdict(self.name, of_tasks, plan.family_size)


def hypotheses(plan: Plan, tasks: Mapping[Address, Task]) -> dict[Address, Hypothesis]:
    """Return the hypotheses of a plan by their addresses, in its order."""
    found: dict[Address, list[Task]] = {}
    for (model, probe, contrast), task in tasks.items():
        found.setdefault((plan.name_of(model), probe, contrast), []).append(task)
    return {address: Hypothesis(address[0], tuple(members)) for address, members in found.items()}
