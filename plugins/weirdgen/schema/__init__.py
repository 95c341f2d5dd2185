"""Frozen values that travel between floors: probes, samples, plans, verdicts, run records. No I/O, no decisions."""
