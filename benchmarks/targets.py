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
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def report(targets: Sequence[Target]) -> int:
    """Print one line per target and the sum; return 1 if any is short that is not known to be."""
    known = tomllib.loads(KNOWN_SHORT.read_text(encoding="utf-8"))
    for target in targets:
        state = "met" if target.met else "known short" if target.name in known else "short"
        sign = "<=" if target.at_most else ">="
        print(f"{target.name}: {target.value:.4g}, target {sign} {target.bound:g}, {state}")
    accepted = [t.name for t in targets if not t.met and t.name in known]
    for name in [t.name for t in targets if t.met and t.name in known]:
        print(f"{name}: met, though known_short.toml lists it; take it out, or it hides the next time that it is short")
    if accepted:
        print(f"known short: {len(accepted)} ({', '.join(accepted)})")
    print(f"targets met: {sum(t.met for t in targets)} of {len(targets)}")
    return 0 if all(t.met or t.name in known for t in targets) else 1
