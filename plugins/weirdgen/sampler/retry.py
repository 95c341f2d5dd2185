"""When to ask again after a failed attempt, and when to give up. Pure: no clock, no sleep."""

from dataclasses import dataclass

from weirdgen.endpoints.faults import Retryable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of one sample's attempts."""

    attempts: int = 8
    """Failures that are not the server's own "too many requests"; those only the deadline ends."""
    timeouts: int = 2
    """Attempts that ran into the deadline: how long an answer takes may depend on what it says, so asking on until
    a quick one comes would be choosing answers. One retry is for the network."""
    deadline: float = 180.0
    """Seconds from the first attempt's start to the last one's end."""
    first_delay: float = 0.5
    longest_delay: float = 20.0

    def delay(self, faults: list[Retryable], chance: float) -> float:
        """Return the seconds before the next attempt: doubling, with half of it by chance.

        Args:
            faults: all failures so far, at least one.
            chance: uniform in [0, 1).
        """
        full = min(self.longest_delay, self.first_delay * 2.0 ** (len(faults) - 1))
        return full * (0.5 + 0.5 * chance)

    def verdict(self, faults: list[Retryable], elapsed: float, wait: float) -> str:
        """Return why to give up, or an empty string to go on.

        Args:
            faults: all failures so far, at least one.
            elapsed: seconds since the first attempt began.
            wait: seconds until the next attempt could begin.
        """
        if sum(not fault.throttled for fault in faults) >= self.attempts:
            return f"{len(faults)} attempts failed"
        if sum(fault.timed_out for fault in faults) >= self.timeouts:
            return f"{self.timeouts} attempts timed out"
        if elapsed + wait >= self.deadline:
            return f"no answer {elapsed:.0f} s after the first of {len(faults)} attempts, and {wait:.0f} s more to wait"
        return ""
