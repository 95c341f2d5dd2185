"""How every benchmark prints its targets and comes to its exit status."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KNOWN_SHORT = Path(__file__).with_name("known_short.toml")


@dataclass(frozen=True, slots=True)
class Target:
    """One measured value against what it should be."""

    name: str
    value: float
    bound: float
    at_most: bool
    """The value must be at most the bound; else at least."""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.no_worse_than(self.bound)

    def no_worse_than(self, bound: float) -> bool:
        """Whether the value is on the right side of some bound, or on it."""
        return self.value <= bound if self.at_most else self.value >= bound


def report(targets: Sequence[Target]) -> int:
    """Print one line per target and the sum; return 1 if any is short, but for what is known and no worse than that."""
    known = tomllib.loads(KNOWN_SHORT.read_text(encoding="utf-8"))
    excused = {t.name for t in targets if not t.met and t.name in known and t.no_worse_than(known[t.name]["worst"])}
    for target in targets:
        state = "met" if target.met else "known short" if target.name in excused else "short"
        sign = "<=" if target.at_most else ">="
        print(f"{target.name}: {target.value:.4g}, target {sign} {target.bound:g}, {state}")
    for name in [t.name for t in targets if t.met and t.name in known]:
        print(f"{name}: met, though known_short.toml lists it; take it out, or it hides the next time that it is short")
    if excused:
        print(f"known short: {len(excused)} ({', '.join(t.name for t in targets if t.name in excused)})")
    print(f"targets met: {sum(t.met for t in targets)} of {len(targets)}")
    return 0 if all(t.met or t.name in excused for t in targets) else 1
